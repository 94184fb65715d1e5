"""Resuming: another owner goes on where the first one left off, and nobody can tell by the register."""

from typing import Any

import pytest

from evswarm_shared.bus.messages import ProfileName, StoredStation, Tariff, TariffChange
from evswarm_shared.bus.station_ledger import BookRebuilt, StartLanded, TransactionBegan
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.station import CheckpointError
from evswarm_worker.station.checkpoint import boots
from tests.support.station_rig import NOON, StationRig, charging_rig, only, quiet_profile


def test_a_takeover_is_a_reconnect_and_the_transaction_goes_on() -> None:
    rig = charging_rig()
    rig.run(95.0)
    heir = rig.heir(after=12.0).start()
    assert heir.actions() == []
    heir.run(30.0)
    assert heir.actions() and set(heir.actions()) <= {"MeterValues", "Heartbeat"}
    assert heir.sent("MeterValues")[0]["transactionId"] == 101
    assert heir.snapshot().transactions == 1
    heir.station.authorize(1, "TAG1", heir.now)
    heir.settle()
    assert only(heir.sent("StopTransaction"))["transactionId"] == 101


@pytest.mark.parametrize("after", [0.5, 12.0, 3600.0])
def test_energy_and_money_are_those_of_a_station_that_never_moved(after: float) -> None:
    tariff = Tariff(1, (TariffChange(0.0, 300_000), TariffChange(NOON + 100.0, 450_000)))
    profile = quiet_profile(ProfileName.PUBLIC)
    moved, stayed = (charging_rig(profile=profile, tariff=tariff) for _ in range(2))
    for rig in (moved, stayed):
        rig.run(95.0)
    heir = moved.heir(after=after, tariff=tariff).start()
    heir.run(1000.0)
    stayed.run(after + 1000.0)
    for field in ("energy_mwh", "earnings_micro", "session_wh", "power_w", "connectors"):
        ours, theirs = getattr(heir.snapshot(), field), getattr(stayed.snapshot(), field)
        assert ours == (pytest.approx(theirs, abs=1) if isinstance(ours, int) else theirs), field


def test_the_register_does_not_fall_at_a_takeover() -> None:
    rig = charging_rig()
    rig.run(500.0)
    heir = rig.heir(after=2.0).start()
    assert heir.snapshot().energy_mwh >= 0
    heir.run(10.0)
    assert heir.snapshot().energy_mwh >= rig.snapshot().energy_mwh


def test_unlanded_messages_are_delivered_by_the_heir() -> None:
    rig = StationRig()
    rig.answers["StartTransaction"] = None
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    heir = rig.heir()
    heir.answers = {}
    heir.start()
    assert heir.sent("StartTransaction") == rig.sent("StartTransaction")
    heir.run(10.0)
    assert heir.sent("MeterValues")[0]["transactionId"] == heir.next_transaction_id
    assert heir.outbox == {}


def test_a_handed_over_station_leaves_its_transaction_open_and_its_backlog_stored() -> None:
    rig = charging_rig()
    rig.lose()
    rig.run(25.0)
    rig.station.hand_over(rig.now)
    rig.settle()
    assert rig.stopped and not rig.sent("StopTransaction")
    assert len(rig.outbox) == 2
    heir = rig.heir(after=1.0).start()
    assert len(heir.sent("MeterValues")) == 2 and heir.outbox == {}


def test_settings_cache_faults_and_availability_come_along() -> None:
    rig = charging_rig()
    rig.command("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "33"})
    rig.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    heir = rig.heir().start()
    assert heir.status(2) == "Unavailable"
    answer = heir.command("GetConfiguration", {"key": ["ConnectionTimeOut"]})
    assert answer["configurationKey"][0]["value"] == "33"
    heir.station.press_stop(1, heir.now)
    heir.lose()
    heir.station.authorize(1, "TAG1", heir.now)
    assert heir.snapshot().transactions == 1


def lived(rig: StationRig, hours: float) -> list[tuple[str, Any]]:
    rig.run(hours * 3600.0, limit=200_000)
    return rig.calls


@pytest.mark.parametrize("name", list(ProfileName))
def test_the_same_seed_and_the_same_inputs_give_the_same_life(name: ProfileName) -> None:
    one, two = (StationRig(profile=PRESETS[name], index=21, seed=7).start() for _ in range(2))
    assert lived(one, 10.0) == lived(two, 10.0)
    assert one.log == two.log and one.snapshot() == two.snapshot()


@pytest.mark.parametrize("name", list(ProfileName))
@pytest.mark.parametrize("graceful", [True, False])
def test_a_takeover_in_the_middle_does_not_change_what_happens(name: ProfileName, graceful: bool) -> None:
    profile = PRESETS[name]
    configuration = {"MeterValueSampleInterval": "120"}
    stayed = StationRig(profile=profile, index=31, seed=3, configuration=configuration).start()
    moved = StationRig(profile=profile, index=31, seed=3, configuration=configuration).start()
    stayed.run(6 * 3600.0, limit=200_000)
    moved.run(6 * 3600.0, limit=200_000)
    if graceful:
        moved.station.hand_over(moved.now)
        moved.settle()
    heir = moved.heir(after=0.0).start()
    stayed.forget()
    heir.forget()
    stayed.run(30 * 3600.0, limit=200_000)
    heir.run(30 * 3600.0, limit=200_000)
    for action in ("StartTransaction", "StopTransaction"):
        ours = [_essence(p) for p in heir.sent(action)]
        theirs = [_essence(p) for p in stayed.sent(action)]
        assert ours == theirs
    assert heir.snapshot().energy_mwh == pytest.approx(stayed.snapshot().energy_mwh, abs=5)


def _essence(payload: dict[str, Any]) -> dict[str, Any]:
    """Without the id, which another central system gave, and to the second: answers took other moments."""
    kept = {k: v for k, v in payload.items() if k not in ("transactionId", "timestamp")}
    return kept | {"timestamp": payload["timestamp"][:16]}


def test_a_checkpoint_is_small() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HOME))
    assert rig.checkpoint is not None and len(rig.checkpoint) < 600


@pytest.mark.parametrize("blob", [b"", b"rubbish", b"\x91\x09"])
def test_a_blob_that_is_no_checkpoint_is_refused_by_name(blob: bytes) -> None:
    with pytest.raises(CheckpointError, match="CP-000002"):
        StationRig(stored=StoredStation("CP-000002", blob))


def test_what_is_stored_tells_a_boot_from_a_reconnect() -> None:
    rig = charging_rig()
    assert not boots(rig.stored())
    rig.station.stop(rig.now)
    rig.settle()
    assert boots(rig.stored())
    assert boots(StoredStation("CP-000001", None))
    assert not boots(StoredStation("CP-000001", b"not one"))


def test_a_station_that_never_ran_is_fresh() -> None:
    rig = StationRig(stored=StoredStation("CP-000002", None)).start()
    assert rig.actions()[0] == "BootNotification" and any("Started" in line for line in rig.log)


def test_a_station_created_anew_under_an_old_name_has_only_the_meters_and_numbers_of_the_old_one() -> None:
    before = charging_rig(configuration={"ConnectionTimeOut": "44"})
    before.run(95.0)
    before.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    before.station.stop(before.now)
    before.settle()
    anew = before.heir(creation=7, configuration={"ConnectionTimeOut": "55"}).start()
    assert anew.actions()[0] == "BootNotification" and any("Started:" in line for line in anew.log)
    assert anew.status(2) == "Available"
    answer = anew.command("GetConfiguration", {"key": ["ConnectionTimeOut"]})
    assert answer["configurationKey"][0]["value"] == "55"
    assert anew.snapshot().energy_mwh == before.snapshot().energy_mwh > 0
    assert not set(anew.unique_ids) & set(before.unique_ids)
    again = anew.heir(creation=7).start()
    assert any("Resumed" in line for line in again.log)


def test_a_transaction_that_nobody_could_end_goes_on_in_the_station_created_anew() -> None:
    rig = charging_rig()
    rig.run(95.0)
    anew = rig.heir(creation=7).start()
    assert anew.snapshot().transactions == 1 and anew.status(1) == "Charging"


def test_a_store_that_has_forgotten_everything_gets_all_that_lasts() -> None:
    rig = charging_rig()
    rig.run(95.0)
    commit = rig.station.whole(rig.now)
    assert commit.checkpoint is not None
    began, landed, rebuilt = commit.ledger
    assert isinstance(began, TransactionBegan)
    assert isinstance(landed, StartLanded)
    assert rebuilt == BookRebuilt(0, began.serial, 0)
    stored = StoredStation("CP-000002", commit.checkpoint, commit.outbox_added)
    resumed = StationRig(now=rig.now, stored=stored).start()
    assert resumed.snapshot().transactions == 1
    assert resumed.snapshot().energy_mwh >= rig.snapshot().energy_mwh > 0
