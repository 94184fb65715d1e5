"""Cars come, plug in, and leave by themselves; and what plugging and unplugging does to a connector."""

from math import inf

from ocpp.v16.enums import ChargePointStatus, ConfigurationKey, Reason

from evswarm_worker.behaviour.car import Car
from evswarm_worker.behaviour.profiles import id_tags
from evswarm_worker.behaviour.visits import Visit, next_visit, visit_at_start
from evswarm_worker.station import reserving
from evswarm_worker.station.authorization import begin_use, present_tag
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.charging import (
    advance,
    follow_profiles,
    leave_free,
    offer,
    sample,
    show_flow,
    stop,
    try_to_begin,
    withhold,
)
from evswarm_worker.station.connector import Connector, TagState
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.reporting import move
from evswarm_worker.station.sampling import aligned_sample

_K = ConfigurationKey


def first_visit(cabinet: Cabinet, connector: Connector) -> None:
    """A station that never ran finds the world as busy as it is at this hour."""
    if not cabinet.autonomous:
        return
    config = cabinet.config
    _expect(
        connector,
        visit_at_start(
            config.profile,
            cabinet.draws,
            cabinet.at,
            config.index,
            config.seed,
            connector.connector_id,
            cabinet.utc_offset(),
        ),
        cabinet.at,
    )


def keep_expecting(cabinet: Cabinet, connector: Connector) -> None:
    """A connector that nobody uses any more is visited again some day."""
    if (
        connector.visit is None
        and connector.transaction is None
        and cabinet.autonomous
        and not connector.plugged
        and connector.tag_state is TagState.NONE
    ):
        visit = next_visit(cabinet.config.profile, cabinet.draws, cabinet.at, cabinet.utc_offset())
        _expect(connector, visit, cabinet.at)


def _expect(connector: Connector, visit: Visit, at: float) -> None:
    connector.visit = visit
    connector.arrive_at = max(visit.arrival, at)
    connector.tag_at = connector.leave_at = inf


def summon(cabinet: Cabinet, connector: Connector) -> None:
    """Who starts a transaction from afar stands in front of the connector: the next driver comes now."""
    if not cabinet.autonomous:
        return
    visit = next_visit(cabinet.config.profile, cabinet.draws, cabinet.at, cabinet.utc_offset())
    delay = cabinet.draws.between(*cabinet.config.profile.tag_delay_seconds)
    stay = visit.departure - visit.arrival
    visit.arrival = cabinet.at + delay
    visit.departure = visit.arrival + stay
    visit.tag_at = None
    connector.visit = visit
    connector.arrive_at = visit.arrival


def live_through(cabinet: Cabinet, connector: Connector) -> None:
    """Let everything happen that is due at this connector at this moment, in the order of cause and effect."""
    at = cabinet.at
    if connector.leave_at <= at:
        _leave(cabinet, connector)
    if connector.arrive_at <= at:
        _arrive(cabinet, connector)
    if connector.timeout_at <= at:
        _time_out(cabinet, connector)
    if connector.tag_at <= at:
        connector.tag_at = inf
        visit = connector.visit
        if (
            visit is not None
            and connector.plugged
            and connector.transaction is None
            and not connector.settled
            # Before the first boot nobody can be charged for energy (OCPP 1.6 §4.2.1): `in_service` comes back to it.
            and cabinet.accepted_ever
        ):
            present_tag(cabinet, connector, tag_of(cabinet, visit))
    if connector.sample_at <= at:
        sample(cabinet, connector)
    if connector.retry_at <= at:
        try_to_begin(cabinet, connector)
    if connector.aligned_at <= at:
        aligned_sample(cabinet, connector)
    if connector.attend_at <= at:
        attend(cabinet, connector)
    if connector.visit is None and connector.transaction is None:
        keep_expecting(cabinet, connector)
    connector.schedule()


def attend(cabinet: Cabinet, connector: Connector) -> None:
    """A limit of the charging profiles changes, a reservation is over, or a refused tag got what it is granted."""
    for freed in reserving.expire(cabinet):
        if freed.plugged:
            begin_use(cabinet, freed)
    connector.attend_at = reserving.next_expiry(cabinet, connector)
    advance(cabinet, connector)
    withhold(cabinet, connector)
    if cabinet.profiles is not None:
        follow_profiles(cabinet)


def tag_of(cabinet: Cabinet, visit: Visit) -> str:
    """The id tag of a visit's driver."""
    config = cabinet.config
    tags = id_tags(config.profile, config.seed, config.index)
    return tags[visit.tag % len(tags)]


def usable(cabinet: Cabinet, connector: Connector) -> bool:
    """Whether somebody who comes can begin to use the connector.

    A tag that is there already is that of whoever comes, and no reservation keeps it out.
    """
    return (
        cabinet.usable
        and connector.operative
        and not connector.faulted
        and not connector.plugged
        and connector.transaction is None
        and (
            connector.tag_state is not TagState.NONE or reserving.reservation_for(cabinet, connector) is None
        )
    )


def plug_in(cabinet: Cabinet, connector: Connector, car: Car) -> None:
    """A cable joins a car and the connector."""
    advance(cabinet, connector)
    connector.settled = False
    connector.meter.plug(car)
    cabinet.log(f"Connector {connector.connector_id}: car plugged in")
    cabinet.touch()
    if connector.transaction is not None:
        # The cable was out on the car's side while the transaction went on.
        offer(cabinet, connector, cabinet.max_power_w)
        withhold(cabinet, connector)
        show_flow(cabinet, connector)
        return
    begin_use(cabinet, connector)
    try_to_begin(cabinet, connector)


def unplug(cabinet: Cabinet, connector: Connector) -> None:
    """The cable comes out on the car's side (OCPP 1.6 §4.10)."""
    advance(cabinet, connector)
    configuration = cabinet.configuration
    in_transaction = connector.transaction is not None
    stops = configuration.flag(_K.stop_transaction_on_ev_side_disconnect)
    info = "EV side disconnected"
    if in_transaction and stops:
        stop(cabinet, connector, Reason.ev_disconnected, info=info)
    connector.meter.unplug()
    cabinet.log(f"Connector {connector.connector_id}: car unplugged")
    connector.visit = None
    connector.leave_at = connector.tag_at = inf
    cabinet.lasting_changed = cabinet.lasting_changed or in_transaction
    cabinet.touch()
    if in_transaction and not stops:
        show_flow(cabinet, connector, info)
        return
    # A cable that can stay behind in the outlet stays locked there until its owner comes back (§9.1.33).
    loose = not cabinet.config.profile.fixed_cable
    if not (in_transaction and loose and not configuration.flag(_K.unlock_connector_on_ev_side_disconnect)):
        leave_free(cabinet, connector)


def in_service(cabinet: Cabinet) -> None:
    """The central system can be asked now: who waited for that presents the tag."""
    at = cabinet.at
    for connector in cabinet.connectors:
        visit = connector.visit
        if (
            visit is not None
            and visit.tag_at is not None
            and visit.tag_at <= at
            and connector.plugged
            and connector.transaction is None
            and connector.tag_state is TagState.NONE
            and not connector.settled
        ):
            connector.tag_at = at
            connector.schedule()


def skip_time(cabinet: Cabinet, connector: Connector) -> None:
    """The station was switched off until now: who came or left meanwhile did so unnoticed."""
    connector.meter.advance(cabinet.at, cabinet.tariff)
    if connector.plugged and connector.leave_at > cabinet.at:
        return
    connector.visit = None
    if connector.plugged:
        unplug(cabinet, connector)


def _arrive(cabinet: Cabinet, connector: Connector) -> None:
    connector.arrive_at = inf
    visit = connector.visit
    if visit is None:
        return
    if not usable(cabinet, connector) or visit.departure <= cabinet.at:
        # Taken, broken or out of service: the driver goes on.
        connector.visit = None
        return
    connector.leave_at = visit.departure
    if visit.tag_at is not None:
        connector.tag_at = max(visit.tag_at, cabinet.at)
    plug_in(cabinet, connector, visit.car)


def _leave(cabinet: Cabinet, connector: Connector) -> None:
    connector.leave_at = inf
    visit = connector.visit
    transaction = connector.transaction
    if transaction is not None and (
        (visit is not None and visit.stops_with_tag)
        or not cabinet.configuration.flag(_K.stop_transaction_on_ev_side_disconnect)
    ):
        stop(cabinet, connector, Reason.local, transaction.id_tag)
    connector.visit = None
    if connector.plugged:
        unplug(cabinet, connector)


def _time_out(cabinet: Cabinet, connector: Connector) -> None:
    """What was begun was not finished in time (OCPP 1.6 §4.9 B1 and B6)."""
    connector.timeout_at = inf
    if connector.status is not ChargePointStatus.preparing or connector.transaction is not None:
        return
    if connector.plugged:
        if connector.tag_state is TagState.NONE:
            move(cabinet, connector, ConnectorEvent.TAG_TIMES_OUT)
            cabinet.log(f"Connector {connector.connector_id}: no tag in time")
        return
    cabinet.log(f"Connector {connector.connector_id}: no car in time")
    leave_free(cabinet, connector)


def leave_to_the_hand(cabinet: Cabinet) -> None:
    """Nobody comes, leaves or presents a tag by himself from now on; who is there stays until somebody acts."""
    for connector in cabinet.connectors:
        connector.visit = None
        connector.arrive_at = connector.leave_at = connector.tag_at = inf
        try_to_begin(cabinet, connector)
        connector.schedule()
