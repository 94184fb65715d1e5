"""The book of transactions."""

from typing import Any

import pytest
from msgspec import UNSET
from ocpp.v16.enums import Location, Measurand, Phase, Reason, ValueFormat

from evswarm_csms.ledger import (
    WATCHED_TRANSACTIONS,
    Flag,
    MeterWatch,
    OpenConnectors,
    closed,
    opened,
    orphan,
    register_wh,
)
from evswarm_shared.bus.messages import TransactionRecord
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue, UnitOfMeasure
from evswarm_shared.ocpp16.messages import StartTransaction, StopTransaction
from evswarm_shared.ocpp16.timestamps import Timestamp

NOON = 1_800_000_000.0


def start(**changes: Any) -> StartTransaction:
    fields: dict[str, Any] = {
        "connector_id": 1,
        "id_tag": "TAG",
        "meter_start": 1000,
        "timestamp": Timestamp(NOON),
    }
    return StartTransaction(**{**fields, **changes})


def stop(**changes: Any) -> StopTransaction:
    fields: dict[str, Any] = {
        "meter_stop": 6000,
        "timestamp": Timestamp(NOON + 3600),
        "transaction_id": 7,
    }
    return StopTransaction(**{**fields, **changes})


def running(**changes: Any) -> TransactionRecord:
    fields: dict[str, Any] = {
        "transaction_id": 7,
        "station_id": "CP-1",
        "connector_id": 1,
        "id_tag": "TAG",
        "meter_start": 1000,
        "started_at": NOON,
    }
    return TransactionRecord(**{**fields, **changes})


def test_a_start_is_written_down_as_the_station_says() -> None:
    record, _ = opened(start(), "CP-1", accepted=True, now=NOON)
    assert record == running(transaction_id=0)


def test_a_start_with_a_refused_tag_is_written_down_and_flagged() -> None:
    record, _ = opened(start(), "CP-1", accepted=False, now=NOON)
    assert record.flags == (Flag.ID_TAG_REFUSED,)


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"connector_id": 0}, (Flag.NO_SUCH_CONNECTOR,)),
        ({"connector_id": -5}, (Flag.NO_SUCH_CONNECTOR,)),
        ({"timestamp": Timestamp(0.0)}, (Flag.FAR_FROM_NOW,)),
        ({"timestamp": Timestamp(4_070_908_800.0)}, (Flag.FAR_FROM_NOW,)),
        ({"timestamp": Timestamp(NOON - 30 * 86_400)}, ()),
    ],
)
def test_a_start_that_cannot_be_so_is_flagged(changes: dict[str, Any], flags: tuple[Flag, ...]) -> None:
    assert opened(start(**changes), "CP-1", accepted=True, now=NOON)[0].flags == flags


def test_a_start_on_a_connector_in_use_is_flagged() -> None:
    assert opened(start(), "CP-1", accepted=True, now=NOON, in_use=True)[0].flags == (Flag.CONNECTOR_IN_USE,)


def test_a_connector_is_in_use_from_start_to_stop() -> None:
    connectors = OpenConnectors()
    connectors.opened(running())
    assert connectors.on(1) == running()
    connectors.closed(8)
    assert connectors.on(1) == running()
    connectors.closed(7)
    assert connectors.on(1) is None


def test_a_connector_is_not_in_use_by_what_was_refused_or_is_over() -> None:
    connectors = OpenConnectors()
    connectors.opened(running(flags=(Flag.ID_TAG_REFUSED,)))
    connectors.opened(running(stopped_at=NOON))
    assert connectors.on(1) is None


def test_no_more_connectors_are_kept_than_a_station_can_have() -> None:
    connectors = OpenConnectors()
    for number in range(1, WATCHED_TRANSACTIONS + 2):
        connectors.opened(running(connector_id=number, transaction_id=number))
    assert connectors.on(WATCHED_TRANSACTIONS) is not None
    assert connectors.on(WATCHED_TRANSACTIONS + 1) is None


def test_a_negative_meter_is_flagged() -> None:
    record, _ = opened(start(meter_start=-1), "CP-1", accepted=True, now=NOON)
    assert record.flags == (Flag.NEGATIVE_METER,)


def test_the_same_start_sent_again_has_the_same_key() -> None:
    assert (
        opened(start(), "CP-1", accepted=True, now=NOON)[1]
        == opened(start(), "CP-1", accepted=False, now=NOON)[1]
    )


@pytest.mark.parametrize(
    ("station_id", "changes"),
    [
        ("CP-2", {}),
        ("CP-1", {"connector_id": 2}),
        ("CP-1", {"id_tag": "OTHER"}),
        ("CP-1", {"meter_start": 1001}),
        ("CP-1", {"timestamp": Timestamp(NOON + 0.001)}),
    ],
)
def test_a_start_that_differs_in_anything_that_counts_has_another_key(
    station_id: str, changes: dict[str, Any]
) -> None:
    assert (
        opened(start(**changes), station_id, accepted=True, now=NOON)[1]
        != opened(start(), "CP-1", accepted=True, now=NOON)[1]
    )


def test_parts_of_the_key_cannot_run_into_each_other() -> None:
    one = opened(start(connector_id=11, id_tag="A"), "CP-", accepted=True, now=NOON)[1]
    other = opened(start(connector_id=1, id_tag="A"), "CP-1", accepted=True, now=NOON)[1]
    assert one != other


def test_a_stop_closes_the_transaction() -> None:
    record = closed(running(), stop(reason=Reason.ev_disconnected))
    assert record == running(stopped_at=NOON + 3600, meter_stop=6000, reason="EVDisconnected")


def test_a_stop_without_a_reason_is_local() -> None:
    assert closed(running(), stop()).reason == "Local"


def test_a_stop_of_a_closed_transaction_changes_nothing() -> None:
    before = closed(running(), stop())
    assert closed(before, stop(meter_stop=1, timestamp=Timestamp(NOON))) is before


@pytest.mark.parametrize(
    ("found", "last_meter_wh", "fell"),
    [
        (running(meter_start=6001), None, False),
        (running(last_meter_wh=6001), None, False),
        (running(), 6001, False),
        (running(), None, True),
    ],
    ids=["below the start", "below a stored reading", "below a newer reading", "readings fell"],
)
def test_a_meter_that_falls_is_flagged(
    found: TransactionRecord, last_meter_wh: int | None, fell: bool
) -> None:
    assert closed(found, stop(), last_meter_wh=last_meter_wh, fell=fell).flags == (Flag.METER_FELL,)


def test_a_meter_that_stands_still_is_not_flagged() -> None:
    assert closed(running(meter_start=6000), stop(), last_meter_wh=6000).flags == ()


def test_a_stop_before_the_start_is_flagged() -> None:
    record = closed(running(), stop(timestamp=Timestamp(NOON - 1)))
    assert record.flags == (Flag.STOPPED_BEFORE_STARTED,)


@pytest.mark.parametrize(
    ("meter_stop", "seconds", "flags"),
    [
        (1_001_000, 3600, ()),
        (1_001_001, 3600, (Flag.TOO_MUCH_ENERGY,)),
        (1000 + 16_666, 0, ()),
        (1000 + 16_667, 0, (Flag.TOO_MUCH_ENERGY,)),
    ],
)
def test_more_than_a_connector_can_deliver_is_flagged(
    meter_stop: int, seconds: float, flags: tuple[Flag, ...]
) -> None:
    request = stop(meter_stop=meter_stop, timestamp=Timestamp(NOON + seconds))
    record = closed(running(meter_start=1000), request)
    assert (record.meter_stop, record.flags) == (meter_stop, flags)


def test_flags_of_the_start_stay() -> None:
    found = running(flags=(Flag.ID_TAG_REFUSED,))
    assert closed(found, stop(meter_stop=0)).flags == (Flag.ID_TAG_REFUSED, Flag.METER_FELL)


def test_a_stop_nobody_started_is_booked_under_its_own_id() -> None:
    record, key = orphan(stop(id_tag="TAG"), "CP-1")
    assert record.transaction_id == 0
    assert (record.station_id, record.id_tag, record.meter_start) == ("CP-1", "TAG", 6000)
    assert record.flags == ("unknown_transaction=7",)
    assert key == orphan(stop(id_tag="TAG"), "CP-1")[1]
    assert key != orphan(stop(transaction_id=8), "CP-1")[1]
    assert key != orphan(stop(), "CP-2")[1]


def moment(*samples: SampledValue) -> MeterValue:
    return MeterValue(timestamp=Timestamp(NOON), sampled_value=samples)


ENERGY = Measurand.energy_active_import_register


def test_the_newest_register_reading_counts() -> None:
    assert register_wh([moment(SampledValue("10")), moment(SampledValue("20"), SampledValue("30"))]) == 30


@pytest.mark.parametrize(
    ("sample", "wh"),
    [
        (SampledValue("10"), 10),
        (SampledValue("10.6"), 11),
        (SampledValue("1.5", measurand=ENERGY, unit=UnitOfMeasure.kwh), 1500),
        (SampledValue("10", location=Location.outlet), 10),
        (SampledValue("10", location=Location.inlet), None),
        (SampledValue("10", phase=Phase.l1), None),
        (SampledValue("10", measurand=Measurand.power_active_import), None),
        (SampledValue("AAAA", format=ValueFormat.signed_data), None),
        (SampledValue("ten"), None),
        (SampledValue("nan"), None),
        (SampledValue("inf"), None),
    ],
)
def test_only_the_imported_energy_at_the_outlet_is_a_register_reading(
    sample: SampledValue, wh: int | None
) -> None:
    assert sample.unit is UNSET or sample.unit is UnitOfMeasure.kwh
    assert register_wh([moment(sample)]) == wh


def test_the_watch_sees_a_reading_that_falls() -> None:
    watch = MeterWatch()
    for wh in (10, 10, 20, 19):
        watch.note(1, wh)
    watch.note(2, 5)
    assert watch.seen(1) == (19, True)
    assert watch.seen(2) == (5, False)


def test_the_watch_forgets_a_transaction_that_ended() -> None:
    watch = MeterWatch()
    watch.note(1, 10)
    watch.note(1, 5)
    watch.forget(1)
    assert watch.seen(1) == (None, False)


def test_the_watch_does_not_grow_with_invented_transactions() -> None:
    watch = MeterWatch()
    for transaction_id in range(WATCHED_TRANSACTIONS + 1):
        watch.note(transaction_id, 1)
    assert watch.seen(0) == (None, False)
    assert watch.seen(1) == (1, False)
    assert watch.seen(WATCHED_TRANSACTIONS) == (1, False)
