"""What the installed charging profiles allow this station now and in the time to come (OCPP 1.6 §3.13).

`cabinet.profiles` is None without any profile, and nothing here is asked then. Moments `at` are simulated unix seconds;
profiles live on the station's own clock.
"""

from collections.abc import Sequence
from math import floor
from typing import Final, NamedTuple

from msgspec import structs
from ocpp.v16.enums import ChargingProfilePurposeType, ChargingRateUnitType

from evswarm_worker.behaviour.car import VOLTAGE, ac_power_w
from evswarm_worker.behaviour.profiles import CurrentKind
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.charging_profiles import (
    InstalledProfile,
    Limit,
    Taker,
    Watts,
    replaced_by,
    share_out,
    station_limit,
    transaction_limit,
)
from evswarm_worker.station.connector import Connector

AMPERES: Final = ChargingRateUnitType.amps
WATTS: Final = ChargingRateUnitType.watts

LEAST_STEP_SECONDS: Final = 1e-3

MAX_COMPOSITE_CHANGES: Final = 1000
"""A schedule in which limits may change more often is told only up to there; a change to the same limit counts too."""

MAX_COMPOSITE_LIMITS: Final = 10_000
"""As `MAX_COMPOSITE_CHANGES`, with the limits of all connectors counted one by one: no other station gets its turn
meanwhile.
"""

_TX: Final = ChargingProfilePurposeType.tx_profile


class Offer(NamedTuple):
    """What a connector may offer: `power_w` on `phases` phases."""

    power_w: float
    phases: int


class CompositePeriod(NamedTuple):
    """From `start` whole seconds after the beginning on, at most `limit`; `phases` 0 where no profile says it."""

    start: int
    limit: float
    phases: int


def allowed_units(cabinet: Cabinet) -> frozenset[ChargingRateUnitType]:
    """The units a profile may have here: nobody limits the current of a DC outlet."""
    return (
        frozenset((WATTS,))
        if cabinet.config.profile.current is CurrentKind.DC
        else frozenset((AMPERES, WATTS))
    )


def install(cabinet: Cabinet, profile: InstalledProfile) -> None:
    """Keep the profile; what it replaces goes."""
    cabinet.profiles = (*replaced_by(cabinet.profiles or (), profile), profile)
    cabinet.lasting_changed = True


def remove(cabinet: Cabinet, gone: Sequence[InstalledProfile]) -> None:
    """Drop profiles."""
    if cabinet.profiles is None or not gone:
        return
    cabinet.profiles = tuple(profile for profile in cabinet.profiles if profile not in gone) or None
    cabinet.lasting_changed = True


def transaction_began(cabinet: Cabinet, connector: Connector, serial: int) -> None:
    """The profile that came with the remote start is that of the transaction from now on (OCPP 1.6 §5.16.2)."""
    profile, connector.remote_profile = connector.remote_profile, None
    if profile is not None:
        install(cabinet, structs.replace(profile, serial=serial))


def transaction_ended(cabinet: Cabinet, serial: int) -> None:
    """A TxProfile goes with its transaction (OCPP 1.6 §3.13.1)."""
    if cabinet.profiles is not None:
        remove(
            cabinet,
            [profile for profile in cabinet.profiles if profile.purpose is _TX and profile.serial == serial],
        )


def limited(cabinet: Cabinet, at: float) -> tuple[dict[int, Offer], float]:
    """What each connector with a transaction may offer at `at`, by its id, and until when that holds."""
    offers, until = _allocated(cabinet, at + cabinet.clock_offset, ac_power_w)
    # Between two clocks a rounding error could make the next moment the present one, for ever.
    return offers, max(until - cabinet.clock_offset, at + LEAST_STEP_SECONDS)


def _allocated(cabinet: Cabinet, time: float, watts: Watts) -> tuple[dict[int, Offer], float]:
    """The offers at `time` of the station's clock: never more than its own rules granted, and the limit of the whole
    station shared out among those that can use it.
    """
    drivers = [connector for connector in cabinet.connectors if connector.transaction is not None]
    drivers.sort(key=_age)
    whole, until = station_limit(cabinet.profiles or (), time)
    offers: dict[int, Offer] = {}
    sharing: list[Connector] = []
    takers: list[Taker] = []
    for connector in drivers:
        offer, least, changes = _alone(cabinet, connector, time, watts)
        until = min(until, changes)
        car = connector.meter.car
        if whole is not None and car is not None and not car.full():
            scale = _scale(whole, offer.phases)
            sharing.append(connector)
            takers.append(
                Taker(min(offer.power_w, car.max_power_w) / scale, max(least, car.min_power_w()) / scale)
            )
        offers[connector.connector_id] = offer
    if whole is not None:
        for connector, share in zip(sharing, share_out(whole.value, takers), strict=True):
            offer = offers[connector.connector_id]
            power = share if whole.unit is WATTS else watts(share, offer.phases)
            offers[connector.connector_id] = Offer(min(offer.power_w, power), offer.phases)
    return offers, until


def _age(connector: Connector) -> int:
    return 0 if connector.transaction is None else connector.transaction.serial


def _alone(cabinet: Cabinet, connector: Connector, time: float, watts: Watts) -> tuple[Offer, float, float]:
    transaction = connector.transaction
    assert transaction is not None
    limit, until = transaction_limit(
        cabinet.profiles or (),
        connector.connector_id,
        transaction.serial,
        time,
        transaction.started_at + cabinet.clock_offset,
    )
    car = connector.meter.car
    phases = cabinet.config.profile.phases if car is None else car.phases
    power = min(cabinet.max_power_w, transaction.granted_w)
    if limit is None:
        return Offer(power, phases), 0.0, until
    given = min(limit.phases or phases, phases)
    if car is not None and given < phases:
        # One phase of the charger on board gives its part of the whole.
        power = min(power, car.max_power_w * given / phases)
    power = min(power, _watts(limit, given, watts))
    least = _watts(limit._replace(value=limit.min_rate), given, watts)
    return Offer(power, given), least, until


def composite(
    cabinet: Cabinet, connector_id: int, duration: int, unit: ChargingRateUnitType
) -> tuple[float, int, list[CompositePeriod]]:
    """The limits of a connector (0: of the station) from now on for `duration` seconds (OCPP 1.6 §3.13.3, §5.7).

    Returns the whole second of the station's clock at which it begins, its length, which is less than `duration` when
    limits change too often, and its periods. Outlets without a transaction are counted as if one began now.
    """
    start = float(floor(cabinet.at + cabinet.clock_offset))
    end = start + duration
    periods: list[CompositePeriod] = []
    time = start
    for _ in range(min(MAX_COMPOSITE_CHANGES, 1 + MAX_COMPOSITE_LIMITS // len(cabinet.connectors))):
        if time >= end:
            break
        power, phases, lines, until = _expected(cabinet, connector_id, time, start)
        value = power if unit is WATTS else power / (VOLTAGE * lines)
        # Never more than the profile says, in steps of the wire.
        limit = floor(value * 10.0 + 1e-6) / 10.0
        begin = round(time - start)
        if periods and periods[-1].start == begin:
            periods.pop()
        if not periods or (periods[-1].limit, periods[-1].phases) != (limit, phases):
            periods.append(CompositePeriod(begin, limit, phases))
        time = max(until, time + 1.0)
    return start, floor(min(time, end) - start), periods


def _expected(
    cabinet: Cabinet, connector_id: int, time: float, start: float
) -> tuple[float, int, int, float]:
    """W, phases as a profile says them, phases to divide by, and until when, at `time` of the station's clock."""
    profiles = cabinet.profiles or ()
    whole, until = station_limit(profiles, time)
    offers, changes = _allocated(cabinet, time, _nominal)
    until = min(until, changes)
    lines = cabinet.config.profile.phases
    phases = 0 if whole is None else whole.phases
    total = 0.0
    for connector in cabinet.connectors:
        if connector_id not in (0, connector.connector_id):
            continue
        transaction = connector.transaction
        limit, changes = transaction_limit(
            profiles,
            connector.connector_id,
            None if transaction is None else transaction.serial,
            time,
            start if transaction is None else transaction.started_at + cabinet.clock_offset,
        )
        until = min(until, changes)
        phases = phases if limit is None else limit.phases or phases
        offer = offers.get(connector.connector_id)
        if offer is None:
            given = min(limit.phases or lines, lines) if limit is not None else lines
            power = cabinet.max_power_w if limit is None else _watts(limit, given, _nominal)
            offer = Offer(min(cabinet.max_power_w, power), given)
        if connector_id:
            power = (
                offer.power_w if whole is None else min(offer.power_w, _watts(whole, offer.phases, _nominal))
            )
            return power, phases, offer.phases, until
        total += offer.power_w
    if whole is not None:
        total = min(total, _watts(whole, lines, _nominal))
    return total, phases, lines, until


def _watts(limit: Limit, phases: int, watts: Watts) -> float:
    return limit.value if limit.unit is WATTS else watts(limit.value, min(limit.phases or phases, phases))


def _nominal(amperes: float, phases: int) -> float:
    return amperes * VOLTAGE * phases


def _scale(limit: Limit, phases: int) -> float:
    """W in one unit of the limit, for a car that loads so many phases."""
    return 1.0 if limit.unit is WATTS else VOLTAGE * phases
