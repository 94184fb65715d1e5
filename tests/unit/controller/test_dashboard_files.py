"""The dashboard's files over HTTP."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from evswarm_controller.dashboard_files import DashboardFiles

SCRIPT = b"export const a = 1;\n" * 200
FILES = {
    "index.html": b'<link href="/assets/css/a.css"><script type="module" src="/assets/js/main.js"></script>',
    "js/main.js": SCRIPT,
    "css/a.css": b"a{}",
    "icon.svg": b"<svg/>",
}


@pytest.fixture
def dashboard() -> DashboardFiles:
    return DashboardFiles(FILES)


@pytest_asyncio.fixture
async def client(dashboard: DashboardFiles) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Starlette(routes=list(dashboard.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://c") as opened:
        yield opened


@pytest.mark.parametrize("path", ["/", "/ui", "/ui/workers", "/ui/stations/CP-000001"])
async def test_every_page_is_the_index_and_is_asked_for_again(
    client: httpx.AsyncClient, dashboard: DashboardFiles, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert f'src="/assets/{dashboard.version}/js/main.js"' in answer.text
    assert f'href="/assets/{dashboard.version}/css/a.css"' in answer.text


async def test_files_under_the_hash_are_kept_for_ever(
    client: httpx.AsyncClient, dashboard: DashboardFiles
) -> None:
    answer = await client.get(f"/assets/{dashboard.version}/js/main.js")
    assert answer.content == SCRIPT
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/assets/js/main.js", "/assets/0123456789abcdef/js/main.js"])
async def test_files_under_no_hash_or_an_old_one_are_the_newest_and_not_kept(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.content == SCRIPT
    assert answer.headers["cache-control"] == "no-cache"


async def test_who_takes_gzip_gets_it(client: httpx.AsyncClient, dashboard: DashboardFiles) -> None:
    path = f"/assets/{dashboard.version}/js/main.js"
    async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert gzip.decompress(raw) == SCRIPT
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_a_file_that_is_not_there_is_a_problem(client: httpx.AsyncClient) -> None:
    for path in ("/assets/js/none.js", "/assets/x", "/assets/../app.py", "/assets/index.html"):
        answer = await client.get(path)
        assert answer.status_code == 404


def test_the_hash_changes_with_any_content_or_name() -> None:
    versions = {
        DashboardFiles(FILES).version,
        DashboardFiles({**FILES, "css/a.css": b"b{}"}).version,
        DashboardFiles({**FILES, "css/b.css": b""}).version,
        DashboardFiles({"js/main.js": SCRIPT}).version,
    }
    assert len(versions) == 4


def test_the_packages_own_files_are_found() -> None:
    assert DashboardFiles.load().version != DashboardFiles({}).version
