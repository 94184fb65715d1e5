"""Everything about one station for a reader: what `StationDetail` of the controller's API describes. Looking changes nothing.

Secrets stay here: no password, no private key, no URL with credentials; id tags are masked unless they are asked for.
Power in kW, energy in kWh, money in the currency, times RFC 3339 in UTC: real ones about the connection, simulated
ones about everything that happens at the connectors.
"""

from math import inf
from typing import Any, Final

from msgspec import UNSET, Raw, structs

from evswarm_shared.ocpp16.datatypes import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from evswarm_shared.ocpp16.frames import encode_payload
from evswarm_shared.ocpp16.messages import SetChargingProfile
from evswarm_shared.ocpp16.timestamps import Timestamp, format_timestamp
from evswarm_worker.station import smart_charging
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.charging_profiles import InstalledProfile
from evswarm_worker.station.configuration import Access
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.firmware_update import host_of
from evswarm_worker.station.link import CONNECTED
from evswarm_worker.station.log_upload import LogUpload
from evswarm_worker.station.outbox import UNKNOWN_TRANSACTION
from evswarm_worker.station.reservation import Reservation
from evswarm_worker.station.security import (
    authorization_key,
    identity,
    root_certificates,
    security_profile,
)
from evswarm_worker.station.snapshot import snapshot_of

Detail = dict[str, Any]

_NEVER: Final = 2.0**33
"""In the year 2242."""
MOST_SCHEDULE_SECONDS: Final = 7 * 86400
"""The longest time for which a composite schedule is worked out."""


def detail_of(cabinet: Cabinet, now: float, *, schedule_seconds: int, full_tags: bool) -> Detail:
    """The station at the real time `now`. `schedule_seconds`: how far ahead its composite schedules reach."""
    at = max(cabinet.at, cabinet.clock.simulated(now))
    profile = cabinet.config.profile
    security = security_profile(cabinet)
    own = identity(cabinet)
    connected = cabinet.link in CONNECTED
    row = snapshot_of(cabinet)
    return {
        "station_id": cabinet.config.station_id,
        "status": row.state,
        "error_code": cabinet.error_code,
        "at": format_timestamp(now),
        "simulated_at": format_timestamp(at),
        "worker_id": cabinet.config.worker_id,
        "profile": profile.name,
        "vendor": profile.vendor,
        "model": profile.model,
        "current": profile.current.name,
        "phases": profile.phases,
        "max_power_kw": cabinet.max_power_w / 1000.0,
        "link": cabinet.link.name.lower(),
        "connected_since": format_timestamp(cabinet.connected_at) if connected else None,
        "next_attempt_at": _moment(cabinet.attempt_at),
        "autonomous": cabinet.autonomous,
        "operative": cabinet.operative,
        "clock_offset_seconds": cabinet.clock_offset,
        "waiting_messages": len(cabinet.outbox),
        "security": {
            "profile": security,
            "password_set": bool(authorization_key(cabinet)),
            "trusted_roots": len(root_certificates(cabinet)),
            "certificate_valid_until": None
            if own is None or not own.valid_until
            else format_timestamp(own.valid_until),
        },
        "firmware": _firmware(cabinet),
        "uploads": [
            _upload(upload)
            for upload in (cabinet.diagnostics_upload, cabinet.log_upload)
            if upload is not None
        ],
        "reservation": _reservation(cabinet.reservation, full_tags),
        "local_list": None
        if cabinet.local_list is None
        else {"version": cabinet.local_list.version, "entries": len(cabinet.local_list.entries)},
        "cached_tags": len(cabinet.cache),
        "connectors": [
            {"connector_id": connector.connector_id, "status": status}
            | _connector(cabinet, connector, at, full_tags)
            for connector, status in zip(cabinet.connectors, row.connectors, strict=True)
        ],
        "configuration": _configuration(cabinet),
        "charging_profiles": [_profile(cabinet, installed) for installed in cabinet.profiles or ()],
        "schedules": _schedules(cabinet, min(schedule_seconds, MOST_SCHEDULE_SECONDS)),
    }


def _connector(cabinet: Cabinet, connector: Connector, at: float, full_tags: bool) -> Detail:
    meter = connector.meter
    car = None if meter.car is None else structs.replace(meter.car)
    # The meter stands at the last event: a copy of the car goes on from there.
    flowed = 0.0 if car is None or not meter.limit_w else car.advance(meter.limit_w, at - meter.at)
    register = meter.register_mwh / 1e6 + flowed / 1000.0
    transaction = connector.transaction
    power = 0.0 if car is None or not meter.limit_w or connector.faulted else car.power_w(meter.limit_w)
    left = inf if car is None or transaction is None else car.seconds_to_target(meter.limit_w)
    return {
        "error_code": connector.error_code,
        "operative": connector.operative,
        "plugged": connector.plugged,
        "tag_state": connector.tag_state.name.lower(),
        "id_tag": _tag(connector.id_tag, full_tags),
        "waits_for": connector.last_wait_reason,
        "power_kw": power / 1000.0,
        "limit_kw": None if transaction is None else meter.limit_w / 1000.0,
        "energy_kwh": register,
        "earnings": meter.earnings_micro / 1e6,
        "car": None
        if car is None
        else {
            "soc_percent": round(car.soc * 100.0, 1),
            "target_soc_percent": round(car.target_soc * 100.0, 1),
            "capacity_kwh": car.capacity_wh / 1000.0,
            "max_power_kw": car.max_power_w / 1000.0,
            "phases": car.phases,
            "phases_in_use": car.phases_in_use,
            "seconds_to_target": None if left == inf else round(left),
        },
        "transaction": None
        if transaction is None
        else {
            "transaction_id": _transaction_id(transaction.transaction_id),
            "state": transaction.state.name.lower(),
            "id_tag": _tag(transaction.id_tag, full_tags),
            "started_at": format_timestamp(transaction.started_at),
            "meter_start_wh": transaction.meter_start_mwh // 1000,
            "energy_kwh": register - transaction.meter_start_mwh / 1e6,
            "granted_kw": None if transaction.granted_w == inf else transaction.granted_w / 1000.0,
        },
        "reservation": _reservation(connector.reservation, full_tags),
        "next_arrival_at": _moment(connector.arrive_at),
    }


def _configuration(cabinet: Cabinet) -> list[Detail]:
    configuration = cabinet.configuration
    return [
        {
            "key": name,
            "value": None if spec.access is Access.WRITE_ONLY else configuration.text(name),
            "readonly": spec.access is Access.READ,
            "write_only": spec.access is Access.WRITE_ONLY,
            "changed": configuration.is_changed(name),
            "reboot_required": spec.reboot_required,
        }
        for name, spec in configuration.keys.items()
    ]


def _profile(cabinet: Cabinet, installed: InstalledProfile) -> Detail:
    transaction_id = next(
        (
            connector.transaction.transaction_id
            for connector in cabinet.connectors
            if connector.transaction is not None and connector.transaction.serial == installed.serial
        ),
        UNKNOWN_TRANSACTION,
    )
    on_the_wire = ChargingProfile(
        installed.profile_id,
        installed.stack_level,
        installed.purpose,
        installed.kind,
        ChargingSchedule(
            installed.unit,
            [
                ChargingSchedulePeriod(round(period.start), period.limit, period.phases or UNSET)
                for period in installed.periods
            ],
            UNSET if installed.duration is None else round(installed.duration),
            UNSET if installed.start is None else Timestamp(installed.start),
            UNSET if installed.min_rate is None else installed.min_rate,
        ),
        UNSET if transaction_id == UNKNOWN_TRANSACTION else transaction_id,
        UNSET if installed.recurrency is None else installed.recurrency,
        UNSET if installed.valid_from is None else Timestamp(installed.valid_from),
        UNSET if installed.valid_to is None else Timestamp(installed.valid_to),
    )
    return {
        "installed_at": format_timestamp(installed.installed_at),
        "request": Raw(encode_payload(SetChargingProfile(installed.connector_id, on_the_wire))),
    }


def _schedules(cabinet: Cabinet, seconds: int) -> list[Detail]:
    """The composite schedules of the station (0) and of each connector; none where no profile limits anything."""
    if cabinet.profiles is None or seconds <= 0:
        return []
    schedules = []
    for connector_id in range(len(cabinet.connectors) + 1):
        start, duration, periods = smart_charging.composite(
            cabinet, connector_id, seconds, smart_charging.WATTS
        )
        schedules.append(
            {
                "connector_id": connector_id,
                "starts_at": format_timestamp(start),
                "duration_seconds": duration,
                "periods": [
                    {"start_seconds": period.start, "limit_kw": period.limit / 1000.0} for period in periods
                ],
            }
        )
    return schedules


def _firmware(cabinet: Cabinet) -> Detail:
    update = cabinet.firmware
    return {
        "version": cabinet.firmware_version,
        "update": None
        if update is None
        else {
            "stage": update.stage.name.lower(),
            "from_host": host_of(update.location),
            "signed": update.request_id is not None,
            "status": update.status,
        },
    }


def _upload(upload: LogUpload) -> Detail:
    return {
        "what": upload.log_type if upload.request_id is not None else "Diagnostics",
        "to_host": host_of(upload.location),
        "status": upload.status,
        "over": upload.over,
    }


def _reservation(reservation: Reservation | None, full_tags: bool) -> Detail | None:
    if reservation is None:
        return None
    return {
        "reservation_id": reservation.reservation_id,
        "id_tag": _tag(reservation.id_tag, full_tags),
        "expires_at": format_timestamp(reservation.expires_at),
    }


def _moment(at: float) -> str | None:
    """A time to come; None for never, and for what is practically never."""
    return format_timestamp(at) if at < _NEVER else None


def _tag(id_tag: str, full_tags: bool) -> str | None:
    return (id_tag if full_tags else masked(id_tag)) if id_tag else None


def _transaction_id(transaction_id: int) -> int | None:
    return None if transaction_id == UNKNOWN_TRANSACTION else transaction_id
