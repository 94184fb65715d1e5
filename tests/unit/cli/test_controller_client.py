"""The controller's errors reach the user as sentences."""

import httpx
import pytest

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError


def client_of(handler: httpx.MockTransport) -> ControllerClient:
    client = ControllerClient("http://controller.test")
    client._http = httpx.Client(base_url=client.url, transport=handler)
    return client


def test_a_problem_document_becomes_its_detail() -> None:
    problem = {"title": "Not Found", "detail": "station CP-9 is not known"}
    with (
        client_of(httpx.MockTransport(lambda _: httpx.Response(404, json=problem))) as client,
        pytest.raises(ControllerError, match="station CP-9 is not known"),
    ):
        client.logs("CP-9")


def test_an_answer_that_is_no_problem_document_is_named_by_its_status() -> None:
    with (
        client_of(httpx.MockTransport(lambda _: httpx.Response(500, text="<html>"))) as client,
        pytest.raises(ControllerError, match="HTTP 500"),
    ):
        client.totals()


def test_a_controller_that_is_not_there_is_named_with_what_to_do() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with (
        client_of(httpx.MockTransport(refuse)) as client,
        pytest.raises(ControllerError, match=r"http://controller\.test.*evswarm up"),
    ):
        client.totals()


ENTRIES = [
    {"time": "10:00:00", "kind": "boot", "text": "Boot accepted"},
    {"time": "10:00:01", "kind": "call", "text": "→ Heartbeat answered in 2.5 ms"},
]


def test_a_log_is_asked_for_with_or_without_calls_and_told_line_by_line() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"entries": ENTRIES})

    with client_of(httpx.MockTransport(answer)) as client:
        assert client.log_lines("CP/9", calls=True) == [
            "[10:00:00] Boot accepted",
            "[10:00:01] → Heartbeat answered in 2.5 ms",
        ]
        client.log_lines("CP-9", calls=False)
    assert [url.removeprefix("http://controller.test") for url in asked] == [
        "/stations/CP%2F9/logs?",
        "/stations/CP-9/logs?kind=line",
    ]


def test_a_followed_log_is_read_as_it_comes_and_its_refusal_is_a_sentence() -> None:
    answers = [
        httpx.Response(200, stream=httpx.ByteStream("[10:00:00] one\n[10:00:01] zwölf\n".encode())),
        httpx.Response(404, json={"detail": "There is no station CP-9."}),
    ]
    with client_of(httpx.MockTransport(lambda _: answers.pop(0))) as client:
        assert list(client.follow("CP-9", calls=False)) == ["[10:00:00] one", "[10:00:01] zwölf"]
        with pytest.raises(ControllerError, match="There is no station"):
            list(client.follow("CP-9", calls=False))


def asked_with(monkeypatch: pytest.MonkeyPatch, token: str, status: int) -> tuple[str | None, str]:
    """The header that was sent, and what the user is told."""
    monkeypatch.setenv("EVSWARM_API_TOKEN", token)
    client = ControllerClient("http://controller.test")
    headers: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        headers.append(request.headers.get("authorization"))
        return httpx.Response(status, json={"detail": "no"})

    client._http = httpx.Client(
        base_url=client.url, headers=client._http.headers, transport=httpx.MockTransport(answer)
    )
    with client, pytest.raises(ControllerError) as told:
        client.totals()
    return headers[0], str(told.value)


def test_the_token_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked_with(monkeypatch, "0123456789abcdef", 500)[0] == "Bearer 0123456789abcdef"


def test_a_missing_and_a_wrong_token_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    header, told = asked_with(monkeypatch, "", 401)
    assert header is None
    assert "asks for a token: set EVSWARM_API_TOKEN" in told
    header, told = asked_with(monkeypatch, "0123456789abcdef", 401)
    assert "another token" in told
    assert "0123456789abcdef" not in told


def test_scaling_leaves_out_what_was_not_said() -> None:
    bodies: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(202, json={"operation_id": "1"})

    with client_of(httpx.MockTransport(take)) as client:
        client.scale(5, None, None)
    assert bodies == [b'{"count":5}']
