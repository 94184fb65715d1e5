"""What passes the gate, and what does not."""

from http import HTTPStatus
from typing import Any

import pytest

from evswarm_controller.access.gate import TRIES, Admitted, Exchange, Gate
from evswarm_controller.access.refusal import Refusal, Refused
from evswarm_shared.settings import ControllerSettings
from evswarm_shared.telemetry.catalogue import REFUSAL_REASONS

TOKEN = "0123456789abcdef"
NOW = 1_800_000_000.0


def gate(**settings: Any) -> Gate:
    return Gate(ControllerSettings(**settings))


def exchange(
    path: str = "/totals", method: str = "GET", client: str = "127.0.0.1", **headers: str
) -> Exchange:
    return Exchange(method, path, {"host": "localhost:8000", **headers}, client)


def refused(judged: Admitted | Refused) -> tuple[Refusal, int] | None:
    return (judged.reason, judged.status.value) if isinstance(judged, Refused) else None


def bearer(token: str) -> str:
    return f"Bearer {token}"


def signed_in(at: Gate, host: str = "localhost:8000") -> dict[str, str]:
    value = at.sign_in(TOKEN, "127.0.0.1", NOW)
    port = host.partition(":")[2]
    return {"cookie": f"evswarm_session_{port}={value}"}


PRIVATE = [
    "/totals",
    "/stations",
    "/live",
    "/docs",
    "/openapi.json",
    "/prometheus/targets",
    "/metricss",
    "/uix",
]
PUBLIC = ["/", "/ui", "/ui/workers", "/assets/js/main.js", "/session", "/uploads/secret/x", "/metrics"]


@pytest.mark.parametrize("path", [*PRIVATE, *PUBLIC])
def test_without_a_token_everything_is_open(path: str) -> None:
    assert refused(gate().judge(exchange(path), NOW)) is None


@pytest.mark.parametrize("path", PRIVATE)
def test_with_a_token_the_api_the_feed_and_the_documents_ask_for_it(path: str) -> None:
    at = gate(api_token=TOKEN)
    judged = at.judge(exchange(path), NOW)
    assert refused(judged) == (Refusal.TOKEN, 401)
    assert isinstance(judged, Refused)
    assert judged.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused(at.judge(exchange(path, authorization=bearer(TOKEN)), NOW)) is None
    assert refused(at.judge(exchange(path, authorization=f"bearer  {TOKEN} "), NOW)) is None
    assert refused(at.judge(exchange(path, **signed_in(at)), NOW)) is None


@pytest.mark.parametrize("path", PUBLIC)
def test_the_dashboards_files_probes_and_uploads_ask_for_none(path: str) -> None:
    assert refused(gate(api_token=TOKEN).judge(exchange(path), NOW)) is None


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Token {TOKEN}"])
def test_anything_else_in_the_header_is_refused(value: str) -> None:
    assert refused(gate(api_token=TOKEN).judge(exchange(authorization=value), NOW)) == (Refusal.TOKEN, 401)


def test_a_wrong_token_is_refused_even_with_a_good_cookie() -> None:
    at = gate(api_token=TOKEN)
    both = exchange(authorization=bearer("wrong"), **signed_in(at))
    assert refused(at.judge(both, NOW)) == (Refusal.TOKEN, 401)


def test_a_session_says_when_it_ends_and_is_refused_from_then_on() -> None:
    at = gate(api_token=TOKEN, session_hours=1.0)
    cookie = signed_in(at)
    assert at.judge(exchange("/live", **cookie), NOW) == Admitted(expires_at=NOW + 3600)
    assert refused(at.judge(exchange("/live", **cookie), NOW + 3600)) == (Refusal.TOKEN, 401)


def test_the_cookie_of_another_port_does_not_count() -> None:
    at = gate(api_token=TOKEN)
    assert not at.is_signed_in(exchange(**signed_in(at, "localhost:8100")), NOW)


def test_a_request_knows_whether_it_is_signed_in() -> None:
    at = gate(api_token=TOKEN)
    assert not at.is_signed_in(exchange("/session"), NOW)
    assert at.is_signed_in(exchange("/session", **signed_in(at)), NOW)
    assert gate().is_signed_in(exchange("/session"), NOW)


def test_where_no_token_is_asked_for_there_is_no_cookie() -> None:
    assert gate().sign_in("anything", "127.0.0.1", NOW) is None


def test_wrong_tries_end_and_come_back_with_time() -> None:
    at = gate(api_token=TOKEN)
    answers = [at.sign_in("wrong", "10.0.0.1", NOW) for _ in range(TRIES)]
    assert {each.status for each in answers if isinstance(each, Refused)} == {HTTPStatus.UNAUTHORIZED}
    last = at.sign_in(TOKEN, "10.0.0.1", NOW)
    assert isinstance(last, Refused)
    assert (last.reason, last.status, last.headers["Retry-After"]) == (Refusal.TRIES, 429, "10")
    assert isinstance(at.sign_in(TOKEN, "10.0.0.2", NOW), str)
    assert isinstance(at.sign_in(TOKEN, "10.0.0.1", NOW + 10), str)


def test_different_wrong_tokens_in_the_header_are_tries() -> None:
    at = gate(api_token=TOKEN)
    for number in range(TRIES):
        at.judge(exchange(authorization=bearer(f"guess {number}")), NOW)
    assert refused(at.judge(exchange(authorization=bearer(TOKEN)), NOW)) == (Refusal.TRIES, 429)
    assert refused(at.judge(exchange("/metrics", authorization=bearer(TOKEN)), NOW)) is None


def test_a_program_with_an_old_token_locks_nobody_out() -> None:
    at = gate(api_token=TOKEN)
    for _ in range(TRIES * 3):
        assert refused(at.judge(exchange(authorization=bearer("last month's")), NOW)) == (Refusal.TOKEN, 401)
    assert refused(at.judge(exchange(authorization=bearer(TOKEN)), NOW)) is None


def test_who_is_signed_in_does_not_mind_others_wrong_tries() -> None:
    at = gate(api_token=TOKEN)
    cookie = signed_in(at)
    for _ in range(TRIES):
        at.sign_in("wrong", "127.0.0.1", NOW)
    assert refused(at.judge(exchange(**cookie), NOW)) is None


@pytest.mark.parametrize("path", ["/", "/totals", "/live", "/session", "/assets/js/main.js"])
def test_a_foreign_name_is_refused_before_anything_else(path: str) -> None:
    judged = gate(api_token=TOKEN).judge(exchange(path, host="evil.example:8000"), NOW)
    assert refused(judged) == (Refusal.HOST, 421)
    assert isinstance(judged, Refused)
    assert "EVSWARM_ALLOWED_HOSTS" in judged.detail


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/uploads/secret/file"])
def test_probes_and_uploads_are_answered_under_any_name(path: str) -> None:
    odd = exchange(path, host="evil.example", origin="http://evil.example", method="POST")
    assert refused(gate(api_token=TOKEN, rate_limit_burst=1).judge(odd, NOW)) is None


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_page_of_somebody_else_is_refused_although_it_brings_the_cookie(method: str) -> None:
    at = gate(api_token=TOKEN)
    foreign = exchange(method=method, origin="http://localhost:5173", **signed_in(at))
    assert refused(at.judge(foreign, NOW)) == (Refusal.ORIGIN, 403)
    own = exchange(method=method, origin="http://localhost:8000", **signed_in(at))
    assert refused(at.judge(own, NOW)) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_changes_are_limited_and_reading_is_not(method: str) -> None:
    at = gate(rate_limit_per_second=1.0, rate_limit_burst=2)
    assert refused(at.judge(exchange(method=method), NOW)) is None
    assert refused(at.judge(exchange(method=method), NOW)) is None
    judged = at.judge(exchange(method=method), NOW)
    assert refused(judged) == (Refusal.RATE, 429)
    assert isinstance(judged, Refused)
    assert judged.headers["Retry-After"] == "1"
    assert refused(at.judge(exchange(), NOW)) is None
    assert refused(at.judge(exchange(method=method, client="127.0.0.2"), NOW)) is None
    assert refused(at.judge(exchange(method=method), NOW + 1)) is None


def test_who_signed_in_has_a_limit_of_their_own_behind_a_shared_gateway() -> None:
    at = gate(api_token=TOKEN, rate_limit_per_second=1.0, rate_limit_burst=1)
    one, two = signed_in(at), signed_in(at)
    assert refused(at.judge(exchange(method="POST", **one), NOW)) is None
    assert refused(at.judge(exchange(method="POST", **one), NOW)) == (Refusal.RATE, 429)
    assert refused(at.judge(exchange(method="POST", **two), NOW)) is None


def test_the_addresses_of_one_ipv6_network_are_one_client() -> None:
    at = gate(rate_limit_per_second=1.0, rate_limit_burst=1)
    assert refused(at.judge(exchange(method="POST", client="2001:db8::1"), NOW)) is None
    assert refused(at.judge(exchange(method="POST", client="2001:db8::2"), NOW)) == (Refusal.RATE, 429)
    assert refused(at.judge(exchange(method="POST", client="2001:db8:0:1::1"), NOW)) is None


def test_every_reason_is_counted_by_its_name() -> None:
    assert tuple(map(str, Refusal)) == REFUSAL_REASONS
