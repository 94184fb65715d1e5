"""Signing in over HTTP, and what everybody meets who has not."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.unit.controller.desk import Desk, open_desk

TOKEN = "open-sesame-open-sesame"


@pytest_asyncio.fixture
async def locked() -> AsyncIterator[Desk]:
    """A controller that asks for a token."""
    async with open_desk(api_token=TOKEN) as desk:
        await desk.look()
        yield desk


async def sign_in(desk: Desk, **headers: str) -> httpx.Response:
    return await desk.client.post("/session", json={"token": TOKEN}, headers=headers)


async def test_without_the_token_there_is_a_problem_that_says_what_to_do(locked: Desk) -> None:
    answer = await locked.client.post("/stations/scale", json={"count": 3})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "EVSWARM_API_TOKEN" in answer.json()["detail"]
    assert TOKEN not in answer.text


async def test_the_token_opens_the_api(locked: Desk) -> None:
    answer = await locked.client.get("/totals", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200


async def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_never_get(locked: Desk) -> None:
    assert (await locked.client.get("/session")).json() == {"token_required": True, "signed_in": False}
    answer = await sign_in(locked)
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("evswarm_session=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"httponly", "samesite=strict", "path=/", f"max-age={12 * 3600}"}
    assert TOKEN not in cookie
    assert (await locked.client.get("/session")).json() == {"token_required": True, "signed_in": True}
    assert (await locked.client.get("/totals")).status_code == 200


async def test_behind_tls_the_cookie_is_sent_by_tls_only(locked: Desk) -> None:
    answer = await sign_in(locked, **{"X-Forwarded-Proto": "https"})
    assert "; Secure" in answer.headers["set-cookie"]


async def test_signing_out_takes_the_cookie_back(locked: Desk) -> None:
    await sign_in(locked)
    assert (await locked.client.delete("/session")).status_code == 204
    assert (await locked.client.get("/totals")).status_code == 401


async def test_a_wrong_token_is_refused_and_counted(locked: Desk) -> None:
    answer = await locked.client.post("/session", json={"token": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    for _ in range(20):
        answer = await locked.client.post("/session", json={"token": "wrong"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    refusals = locked.context.telemetry.refusals
    assert (refusals["token"], refusals["tries"]) == (10, 11)


async def test_a_session_ends_with_its_time(locked: Desk) -> None:
    await sign_in(locked)
    locked.clock.at += 12 * 3600
    assert (await locked.client.get("/totals")).status_code == 401


async def test_where_no_token_is_asked_for_signing_in_changes_nothing(swarm: Desk) -> None:
    assert (await swarm.client.get("/session")).json() == {"token_required": False, "signed_in": True}
    answer = await swarm.client.post("/session", json={"token": "anything"})
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)],
    ids=["name", "page"],
)
async def test_a_foreign_name_or_page_gets_a_problem(
    swarm: Desk, headers: dict[str, str], status: int
) -> None:
    for method, path in (("GET", "/"), ("GET", "/totals"), ("POST", "/pricing"), ("DELETE", "/stations/X")):
        answer = await swarm.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert "EVSWARM_ALLOWED_HOSTS" in answer.json()["detail"]
        assert answer.headers["content-security-policy"]
    assert (await swarm.client.get("/readyz", headers=headers)).status_code == 200


async def test_too_many_changes_are_put_off() -> None:
    async with open_desk(rate_limit_burst=1) as desk:
        await desk.client.post("/pricing", json={})
        answer = await desk.client.post("/pricing", json={})
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert desk.context.telemetry.refusals["rate"] == 1


async def test_every_answer_has_the_safe_headers_even_that_of_a_defect(locked: Desk) -> None:
    locked.context.fleet.rows["broken"] = None  # type: ignore[assignment]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/", {}),
        ("/nowhere", {"headers": headers}),
        ("/totals", {}),
        ("/metrics", {}),
        ("/docs", {"headers": headers}),
        ("/stations/broken", {"headers": headers}),
    ]
    statuses = []
    for path, options in asked:
        answer = await locked.client.get(path, **options)
        statuses.append(answer.status_code)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["cache-control"]
    assert statuses == [200, 404, 401, 200, 200, 500]


async def test_the_description_sends_a_browser_to_sign_in_and_shows_the_header(locked: Desk) -> None:
    page = await locked.client.get("/docs", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/"' in page.text
    headers = {"Authorization": f"Bearer {TOKEN}"}
    page = await locked.client.get("/docs", headers=headers)
    assert "Authorization: Bearer $EVSWARM_API_TOKEN" in page.text
    assert TOKEN not in page.text
    document = (await locked.client.get("/openapi.json", headers=headers)).json()
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    assert document["paths"]["/totals"]["get"]["responses"]["401"]
    assert "security" not in document["paths"]["/healthz"]["get"]


async def test_the_description_of_an_open_controller_asks_for_nothing(swarm: Desk) -> None:
    document = (await swarm.client.get("/openapi.json")).json()
    assert "securitySchemes" not in document["components"]
    assert "Authorization: Bearer" not in (await swarm.client.get("/docs")).text


async def open_feed(desk: Desk, **headers: str) -> list[dict[str, Any]]:
    """Open /live and leave at once; what was sent."""
    sent: list[dict[str, Any]] = []
    incoming: Iterator[dict[str, Any]] = iter(
        [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    )
    scope = {
        "type": "websocket",
        "path": "/live",
        "query_string": b"",
        "scheme": "ws",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"controller"), *((k.encode(), v.encode()) for k, v in headers.items())],
        "extensions": {"websocket.http.response": {}},
    }

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await desk.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    return sent


async def test_the_feed_says_by_its_code_that_it_asks_for_a_token(locked: Desk) -> None:
    accepted, closed = await open_feed(locked)
    assert (accepted["type"], closed["type"], closed["code"]) == ("websocket.accept", "websocket.close", 4401)
    accepted, hello, *_ = await open_feed(locked, authorization=f"Bearer {TOKEN}")
    assert (accepted["type"], hello["type"]) == ("websocket.accept", "websocket.send")


async def test_the_feed_is_closed_to_pages_of_others_before_it_opens(swarm: Desk) -> None:
    (refused,) = await open_feed(swarm, origin="http://evil.example")
    assert (refused["type"], refused["code"]) == ("websocket.close", 1008)


async def test_the_feed_opens_to_our_page_behind_a_proxy_that_changes_the_host() -> None:
    async with open_desk(allowed_hosts="controller,swarm.example.com") as desk:
        await desk.look()
        accepted, hello, *_ = await open_feed(desk, origin="https://swarm.example.com")
        assert (accepted["type"], hello["type"]) == ("websocket.accept", "websocket.send")


async def test_the_feed_ends_with_the_session(locked: Desk) -> None:
    await sign_in(locked)
    cookie = f"evswarm_session={locked.client.cookies['evswarm_session']}"
    locked.clock.at += 12 * 3600 - 0.01
    sent = await open_feed(locked, cookie=cookie)
    assert sent[-1]["type"] == "websocket.close"
    assert sent[-1]["code"] == 4401
