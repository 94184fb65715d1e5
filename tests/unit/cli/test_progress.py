"""What `evswarm up` says to somebody who waits for stations."""

import httpx

from evswarm_cli.progress import hints
from tests.unit.cli.test_controller_client import client_of

SHORT = "9 stations are more than the 5 that 1 worker(s) can take: add workers."


def said(running: int, shortage: str, offline: int = 0) -> list[str]:
    answers = {
        "/services": {"shortage": shortage},
        "/stations": {"total": offline, "stations": [{"station_id": "CP-000001"}]},
        "/stations/CP-000001/logs": {"logs": ["Connection refused"]},
    }
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    with client_of(transport) as client:
        return hints(client, {"running": running, "desired": 9})


def test_what_there_is_no_room_for_is_said() -> None:
    assert said(5, SHORT) == [SHORT]


def test_when_none_runs_the_first_one_says_why() -> None:
    assert said(0, "", offline=9) == [
        "no station runs yet: 9 are not connected; CP-000001 says: Connection refused"
    ]


def test_there_is_nothing_to_say_while_all_goes_well() -> None:
    assert said(9, SHORT) == said(3, "") == []
