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
