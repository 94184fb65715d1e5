"""Files fetched and stored over real sockets, by HTTP and FTP, and everything servers do to that."""

import asyncio
import base64
import datetime
import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evswarm_cli.certificates import CertificatePlan, make_certificates
from evswarm_cli.ports import free_port
from evswarm_worker.file_transfer import FileTransfer
from evswarm_worker.station.transfer import TransferOutcome, TransferResult
from tests.support.file_servers import FileServer, ftp_files, http_files
from tests.support.ftps_server import ftps_files

DATA = bytes(range(256)) * 1000


def transfer(
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context, **options: Any
) -> FileTransfer:
    return FileTransfer(context, **({"seconds": 30.0} | options))


async def download(url: str, **options: Any) -> TransferResult:
    return await asyncio.to_thread(transfer(**options).download, url)


async def upload(url: str, data: bytes = b"the log", **options: Any) -> TransferResult:
    return await asyncio.to_thread(transfer(**options).upload, url, "CP-1.log", data)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a test authority."""
    directory = tmp_path_factory.mktemp("pki")
    make_certificates(
        directory, CertificatePlan(["127.0.0.1"], [], "evswarm", 2), datetime.datetime.now(datetime.UTC)
    )
    return directory


def trusting(pki: Path) -> Callable[[], ssl.SSLContext]:
    return lambda: ssl.create_default_context(cafile=str(pki / "ca.pem"))


def https(pki: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "csms.pem")
    return context


@pytest.fixture
def server() -> Iterator[FileServer]:
    with http_files() as files:
        yield files


async def test_a_file_is_fetched_by_http(server: FileServer) -> None:
    server.files["/a/firmware-2.0.bin?x=1"] = DATA
    result = await download(f"{server.url}/a/firmware-2.0.bin?x=1")
    assert result.outcome is TransferOutcome.DONE
    assert (result.size, result.sha256) == (len(DATA), hashlib.sha256(DATA).digest())
    assert result.head == DATA[:256]


async def test_redirects_are_followed_but_not_for_ever(server: FileServer) -> None:
    server.redirects = {"/one": "/two", "/two": f"{server.url}/three", "/round": "/round"}
    server.files["/three"] = b"here"
    assert (await download(f"{server.url}/one")).size == 4
    assert (await download(f"{server.url}/round")).outcome is TransferOutcome.REFUSED


async def test_credentials_of_the_url_are_used(server: FileServer) -> None:
    server.files["/x"] = b"x"
    await download(server.url.replace("//", "//user:p%40ss@") + "/x")
    ((_, headers, _),) = server.of("GET")
    assert headers["authorization"] == "Basic " + base64.b64encode(b"user:p@ss").decode()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (404, TransferOutcome.NOT_FOUND),
        (401, TransferOutcome.DENIED),
        (403, TransferOutcome.DENIED),
        (500, TransferOutcome.REFUSED),
    ],
)
async def test_what_the_server_says_is_the_outcome(
    server: FileServer, status: int, outcome: TransferOutcome
) -> None:
    server.statuses["/x"] = status
    assert (await download(f"{server.url}/x")).outcome is outcome


async def test_a_file_that_breaks_off_or_is_too_big_is_none(server: FileServer) -> None:
    server.broken.add("/broken")
    server.files["/big"] = DATA
    assert (await download(f"{server.url}/broken")).outcome is not TransferOutcome.DONE
    assert (await download(f"{server.url}/big", limit_bytes=1000)).outcome is TransferOutcome.TOO_BIG


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("gopher://127.0.0.1/x", TransferOutcome.NOT_SUPPORTED),
        ("file:///etc/hosts", TransferOutcome.NOT_SUPPORTED),
        ("nonsense", TransferOutcome.NOT_SUPPORTED),
        ("http:///x", TransferOutcome.BAD_ADDRESS),
        ("http://127.0.0.1:99999/x", TransferOutcome.BAD_ADDRESS),
        ("ftp://127.0.0.1/a%0d%0aDELE b", TransferOutcome.UNREACHABLE),
    ],
)
async def test_an_address_that_leads_nowhere_says_so(url: str, outcome: TransferOutcome) -> None:
    assert (await download(url, seconds=15.0)).outcome is outcome
    assert (await upload(url, seconds=15.0)).outcome is outcome


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    for scheme in ("http", "ftp"):
        result = await download(f"{scheme}://127.0.0.1:{free_port()}/x")
        assert result.outcome is TransferOutcome.UNREACHABLE


async def test_a_silent_server_runs_into_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}/x", f"ftp://127.0.0.1:{port}/x"):
            assert (await download(url, seconds=0.3)).outcome is TransferOutcome.TIMEOUT


async def test_a_cancelled_transfer_ends(server: FileServer) -> None:
    server.files["/x"] = DATA
    one = transfer()
    one.cancel()
    assert (await asyncio.to_thread(one.download, f"{server.url}/x")).outcome is TransferOutcome.REFUSED
    assert not server.requests


async def test_a_transfer_that_waits_for_its_server_is_cancelled_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = transfer(seconds=60.0)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        waiting = asyncio.create_task(asyncio.to_thread(one.download, url))
        peer, _ = await asyncio.to_thread(silent.accept)
        with peer:
            await asyncio.to_thread(peer.recv, 1000)
            one.cancel()
            assert (await asyncio.wait_for(waiting, 15.0)).outcome is not TransferOutcome.DONE


async def test_a_file_is_put_into_a_folder_under_its_name(server: FileServer) -> None:
    assert (await upload(f"{server.url}/inbox/")).outcome is TransferOutcome.DONE
    ((path, _, body),) = server.of("PUT")
    assert (path, body) == ("/inbox/CP-1.log", b"the log")


async def test_a_location_that_is_no_folder_is_the_file(server: FileServer) -> None:
    await upload(f"{server.url}/inbox/today?token=1")
    assert [path for path, _, _ in server.of("PUT")] == ["/inbox/today?token=1"]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_put_gets_a_form(server: FileServer, status: int) -> None:
    server.put_status = status
    assert (await upload(f"{server.url}/inbox/")).outcome is TransferOutcome.DONE
    ((path, headers, body),) = server.of("POST")
    assert path == "/inbox/" and headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="CP-1.log"' in body and b"\r\n\r\nthe log\r\n--" in body


async def test_a_server_that_refuses_an_upload_is_not_asked_again(server: FileServer) -> None:
    server.put_status = 403
    assert (await upload(f"{server.url}/inbox/")).outcome is TransferOutcome.DENIED
    assert not server.of("POST")


async def test_a_file_is_fetched_by_ftp(tmp_path: Path) -> None:
    (tmp_path / "box 1.2.bin").write_bytes(DATA)
    async with ftp_files(tmp_path) as url:
        result = await download(f"{url}/box%201.2.bin")
        assert result.outcome is TransferOutcome.DONE
        assert result.sha256 == hashlib.sha256(DATA).digest()
        assert (await download(f"{url}/missing.bin")).outcome is TransferOutcome.NOT_FOUND
        wrong = url.replace("pass%3Aword", "wrong")
        assert (await download(f"{wrong}/box%201.2.bin")).outcome is TransferOutcome.DENIED


async def test_a_file_is_stored_by_ftp_in_a_folder_or_under_a_name(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    async with ftp_files(tmp_path, anonymous=True) as url:
        assert (await upload(f"{url}/inbox")).outcome is TransferOutcome.DONE
        assert (await upload(f"{url}/inbox/today.log", b"other")).outcome is TransferOutcome.DONE
        assert (await upload(f"{url}/", b"root")).outcome is TransferOutcome.DONE
        assert (await upload(f"{url}/nowhere/")).outcome is not TransferOutcome.DONE
    assert (tmp_path / "inbox" / "CP-1.log").read_bytes() == b"the log"
    assert (tmp_path / "inbox" / "today.log").read_bytes() == b"other"
    assert (tmp_path / "CP-1.log").read_bytes() == b"root"


async def test_files_travel_by_https_with_a_server_that_can_be_verified(pki: Path) -> None:
    with http_files(https(pki)) as server:
        server.files["/x.bin"] = DATA
        result = await download(f"{server.url}/x.bin", context=trusting(pki))
        assert (result.outcome, result.sha256) == (TransferOutcome.DONE, hashlib.sha256(DATA).digest())
        assert (await upload(f"{server.url}/in/", context=trusting(pki))).outcome is TransferOutcome.DONE
        assert [path for path, _, _ in server.of("PUT")] == ["/in/CP-1.log"]


async def test_files_travel_by_ftps_with_a_server_that_can_be_verified(pki: Path, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(DATA)
    with ftps_files(tmp_path, pki / "csms.pem") as url:
        result = await download(f"{url}/x.bin", context=trusting(pki))
        assert (result.outcome, result.sha256) == (TransferOutcome.DONE, hashlib.sha256(DATA).digest())
        assert (await upload(f"{url}/", context=trusting(pki))).outcome is TransferOutcome.DONE
    assert (tmp_path / "CP-1.log").read_bytes() == b"the log"


async def test_a_server_that_cannot_be_verified_gets_and_gives_nothing(pki: Path, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(DATA)
    with http_files(https(pki)) as server, ftps_files(tmp_path, pki / "csms.pem") as ftps:
        server.files["/x.bin"] = DATA
        for url in (server.url, ftps, server.url.replace("127.0.0.1", "localhost")):
            context = trusting(pki) if "localhost" in url else ssl.create_default_context
            for result in (
                await download(f"{url}/x.bin", context=context),
                await upload(f"{url}/", context=context),
            ):
                assert result.outcome is TransferOutcome.TLS and result.detail
        assert not server.requests
    assert not (tmp_path / "CP-1.log").exists()


async def test_ftps_is_not_given_up_for_a_server_without_tls(tmp_path: Path) -> None:
    async with ftp_files(tmp_path) as url:
        result = await download(f"{url.replace('ftp:', 'ftps:')}/x")
    assert result.outcome is TransferOutcome.NOT_SUPPORTED
