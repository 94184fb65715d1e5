"""StatusNotification: every status is told, also where many others wait (OCPP 1.6 §4.9)."""

from tests.support.station_rig import StationRig


def crowded() -> StationRig:
    """A station whose central system answers nothing and asks until the line is full."""
    rig = StationRig().start()
    rig.answers["Heartbeat"] = None
    while rig.command("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}:
        pass
    assert rig.counts.dropped_frames["queue_full"] == 0
    rig.forget()
    return rig


def test_a_large_station_tells_all_its_statuses_after_a_boot() -> None:
    rig = StationRig(connectors=100).start()
    assert [p["connectorId"] for p in rig.sent("StatusNotification")] == list(range(101))


def test_a_status_that_found_no_room_is_told_later() -> None:
    rig = crowded()
    rig.station.plug_in(2, rig.now)
    rig.settle()
    assert rig.counts.dropped_frames["queue_full"] == 1 and not rig.statuses(2)
    del rig.answers["Heartbeat"]
    rig.run(60.0)
    assert rig.statuses(2) == ["Preparing"]


def test_the_status_of_the_station_that_found_no_room_is_told_later() -> None:
    rig = crowded()
    rig.command("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    del rig.answers["Heartbeat"]
    rig.run(120.0)
    assert [rig.statuses(n) for n in range(3)] == [["Unavailable"]] * 3


def test_a_status_without_an_answer_is_told_again_until_there_is_one() -> None:
    rig = StationRig().start()
    rig.forget()
    rig.answers["StatusNotification"] = None
    rig.command("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    rig.run(3600.0)
    assert all(len(rig.statuses(n)) > 5 and set(rig.statuses(n)) == {"Unavailable"} for n in range(3))
    del rig.answers["StatusNotification"]
    rig.run(300.0)
    rig.forget()
    rig.run(3600.0)
    assert not rig.sent("StatusNotification")


def test_a_status_without_an_answer_is_not_told_again_when_a_later_one_is() -> None:
    rig = StationRig().start()
    rig.answers["StatusNotification"] = None
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.station.unplug(1, rig.now)
    del rig.answers["StatusNotification"]
    rig.run(3600.0)
    assert rig.statuses() == ["Available", "Preparing", "Available"]


def test_a_status_that_was_answered_with_an_error_is_not_told_again() -> None:
    rig = StationRig().start()
    rig.answers["StatusNotification"] = ("NotSupported", "")
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.run(60.0)
    assert rig.statuses() == ["Available", "Preparing"]


def test_a_status_asked_for_while_pending_that_got_no_answer_waits_for_the_acceptance() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = {
        "status": "Pending",
        "currentTime": "2026-11-22T12:00:00Z",
        "interval": 100,
    }
    rig.answers["StatusNotification"] = None
    rig.start().command("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    rig.run(90.0)
    assert rig.statuses() == ["Available"]
    rig.answers.clear()
    rig.run(60.0)
    assert rig.statuses() == ["Available", "Available"]
