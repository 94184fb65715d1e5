"""Security events: pushed, queued, confirmed, logged (security whitepaper A04, §8)."""

import pytest

from evswarm_shared.telemetry.counts import ConnectResult
from evswarm_worker.station.config import StationSecurity
from evswarm_worker.station.errors import StationActionError
from evswarm_worker.station.security_events import UNDELIVERED_LIMIT
from tests.support.station_rig import StationRig

BASIC = StationSecurity(1, "0123456789abcdef")


def events(rig: StationRig) -> list[str]:
    return [p["type"] for p in rig.sent("SecurityEventNotification")]


def open_door(rig: StationRig) -> None:
    rig.station.open_door(rig.now)
    rig.settle()


def test_an_opened_door_is_told_at_once() -> None:
    rig = StationRig().start()
    open_door(rig)
    assert rig.sent("SecurityEventNotification")[0]["type"] == "TamperDetectionActivated"
    rig.run(100.0)
    assert len(events(rig)) == 1


def test_a_door_of_a_station_that_is_off_cannot_be_noticed() -> None:
    with pytest.raises(StationActionError):
        StationRig().station.open_door(0.0)


def test_what_happened_offline_is_told_later_and_survives_the_worker() -> None:
    rig = StationRig().start()
    rig.lose()
    open_door(rig)
    open_door(rig)
    heir = rig.heir().start()
    assert events(heir) == ["TamperDetectionActivated"] * 2
    assert not heir.heir().start().sent("SecurityEventNotification")


def test_an_event_without_an_answer_is_told_again() -> None:
    rig = StationRig().start()
    rig.answers["SecurityEventNotification"] = None
    open_door(rig)
    del rig.answers["SecurityEventNotification"]
    rig.run(40.0)
    assert len(events(rig)) == 2


def test_an_event_that_the_central_system_refuses_is_not_told_again() -> None:
    rig = StationRig().start()
    rig.answers["SecurityEventNotification"] = ("NotSupported", "")
    open_door(rig)
    rig.run(100.0)
    assert len(events(rig)) == 1
    assert rig.counts.dropped_frames["invalid"] == 1


def test_too_many_events_push_out_old_ones_and_are_counted() -> None:
    rig = StationRig().start()
    rig.lose()
    for _ in range(UNDELIVERED_LIMIT + 3):
        open_door(rig)
    assert rig.counts.dropped_frames["queue_full"] == 3


def test_routine_is_told_from_the_first_security_profile_on() -> None:
    plain = StationRig().start()
    plain.command("Reset", {"type": "Hard"})
    plain.run(30.0)
    assert events(plain) == []
    secured = StationRig(security=BASIC).start()
    secured.command("Reset", {"type": "Hard"})
    secured.run(30.0)
    assert events(secured) == ["StartupOfTheDevice", "ResetOrReboot", "StartupOfTheDevice"]


@pytest.mark.parametrize(
    ("failure", "event"),
    [
        (ConnectResult.UNTRUSTED, "InvalidCentralSystemCertificate"),
        (ConnectResult.TLS_VERSION, "InvalidTLSVersion"),
        (ConnectResult.TLS_CIPHER_SUITE, "InvalidTLSCipherSuite"),
    ],
)
def test_an_insecure_central_system_is_told_once_it_is_one_no_more(
    failure: ConnectResult, event: str
) -> None:
    rig = StationRig(security=BASIC)
    rig.refusal = failure
    rig.start()
    rig.run(20.0)
    rig.refusal = None
    rig.run(120.0)
    assert events(rig) == [event, "StartupOfTheDevice"]


def test_a_refused_password_is_only_logged() -> None:
    rig = StationRig(security=BASIC)
    rig.refusal = ConnectResult.AUTHENTICATION_REFUSED
    rig.start()
    rig.refusal = None
    rig.run(300.0)
    assert events(rig) == ["StartupOfTheDevice"]
