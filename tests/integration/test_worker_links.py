"""The worker's dialer and links over real sockets on loopback; the peer is the asyncio server of `websockets`."""

import asyncio
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.typing import Subprotocol

from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, ProtocolCounts
from evswarm_worker.dialer import Dialer
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.keepalive import KeepAlive
from evswarm_worker.lease import Lease
from evswarm_worker.runner import Link, LinkTerms


class User:
    """Queues what it was told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def link_opened(self) -> None:
        self.told.put_nowait(("opened",))

    def link_failed(self, result: ConnectResult) -> None:
        self.told.put_nowait(("failed", result))

    def link_message(self, frame: bytes) -> None:
        self.told.put_nowait(("message", frame))

    def link_closed(self, reason: DisconnectReason) -> None:
        self.told.put_nowait(("closed", reason))

    async def next(self) -> tuple[Any, ...]:
        async with asyncio.timeout(20):
            return await self.told.get()


class Net:
    """A dialer at work."""

    def __init__(
        self,
        *,
        concurrent: int = 50,
        timeout_seconds: float = 5.0,
        source_addresses: tuple[str, ...] = (),
    ) -> None:
        self.counts = ProtocolCounts()
        self.terms = LinkTerms(self.counts, Lease("w1", 1, 1000.0, time.monotonic()), 65536)
        self.keepalive = KeepAlive()
        self.dialer = Dialer(
            self.counts,
            self.keepalive,
            timeout_seconds=timeout_seconds,
            concurrent=concurrent,
            source_addresses=source_addresses,
        )
        self.links: list[Link] = []

    def dial(
        self, endpoint: Endpoint, station_id: str = "CP-1", key: bytes | None = None
    ) -> tuple[User, Link]:
        user = User()
        link = Link(user, endpoint, station_id, key, self.terms)
        self.links.append(link)
        self.dialer.dial(link)
        return user, link


@asynccontextmanager
async def net(**options: Any) -> AsyncIterator[Net]:
    made = Net(**options)
    task = asyncio.create_task(made.dialer.run())
    try:
        yield made
    finally:
        for link in made.links:
            link.abandon()
        task.cancel()
        await asyncio.wait([task])
        await asyncio.sleep(0.05)


Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def csms(handler: Handler, **options: Any) -> AsyncIterator[int]:
    async with serve(handler, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")], **options) as server:
        yield next(iter(server.sockets)).getsockname()[1]


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_many_stations_connect_and_talk_although_few_attempts_run_at_once() -> None:
    async with csms(echo) as port, net(concurrent=7) as n:
        endpoint = Endpoint(f"ws://127.0.0.1:{port}")
        pairs = [n.dial(endpoint, f"CP-{number}") for number in range(100)]
        for number, (user, link) in enumerate(pairs):
            assert await user.next() == ("opened",)
            assert link.send(f"hello {number}".encode())
        for number, (user, _) in enumerate(pairs):
            assert await user.next() == ("message", f"hello {number}".encode())
        assert n.counts.connects[ConnectResult.OPENED] == 100
        assert n.counts.connect_duration.count == 100
        assert n.dialer.backlog == 0


async def test_pings_in_a_rhythm_of_its_own_reach_the_peer_until_they_are_turned_off() -> None:
    pings: asyncio.Queue[Event] = asyncio.Queue()

    class Noting(ServerConnection):
        def process_event(self, event: Event) -> None:
            if isinstance(event, Frame) and event.opcode is Opcode.PING:
                pings.put_nowait(event)
            super().process_event(event)

    async with csms(echo, create_connection=Noting, ping_interval=None) as port, net() as n:
        user, link = n.dial(Endpoint(f"ws://127.0.0.1:{port}"))
        assert await user.next() == ("opened",)
        n.keepalive.pace(link, 2)
        for seconds, expected in ((2, 1), (2, 2), (1, 2), (1, 3)):
            for _ in range(seconds):
                n.keepalive.sweep()
            # The echo comes behind the pong.
            assert link.send(b"there?") and await user.next() == ("message", b"there?")
            assert pings.qsize() == expected
        n.keepalive.pace(link, 0)
        for _ in range(200):
            n.keepalive.sweep()
        assert link.send(b"there?") and await user.next() == ("message", b"there?")
        assert pings.qsize() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere 127.0.0.1 is the only loopback address")
async def test_stations_connect_from_the_asked_addresses_in_turn() -> None:
    seen: list[str] = []

    async def note(connection: ServerConnection) -> None:
        seen.append(connection.remote_address[0])
        await echo(connection)

    async with csms(note) as port, net(source_addresses=("127.0.0.2", "127.0.0.3")) as n:
        endpoint = Endpoint(f"ws://127.0.0.1:{port}")
        for user, _ in [n.dial(endpoint, f"CP-{number}") for number in range(6)]:
            assert await user.next() == ("opened",)
    assert sorted(seen) == ["127.0.0.2"] * 3 + ["127.0.0.3"] * 3


async def test_a_source_address_of_another_machine_is_unreachable() -> None:
    async with csms(echo) as port, net(source_addresses=("192.0.2.1",)) as n:
        user, _ = n.dial(Endpoint(f"ws://127.0.0.1:{port}"))
        assert await user.next() == ("failed", ConnectResult.UNREACHABLE)


async def test_nobody_listening_is_unreachable() -> None:
    async with net() as n:
        user, _ = n.dial(Endpoint("ws://127.0.0.1:1"))
        assert await user.next() == ("failed", ConnectResult.UNREACHABLE)


async def test_a_dead_address_is_passed_over_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async with csms(echo) as port, net() as n:
        endpoint = Endpoint(f"ws://csms.test:{port}")

        async def resolve() -> list[str]:
            return ["127.0.0.9", "127.0.0.1"]

        monkeypatch.setattr(endpoint, "_resolve", resolve)
        for _ in range(2):
            user, _ = n.dial(endpoint)
            assert await user.next() == ("opened",)


async def test_a_server_that_never_answers_the_handshake_times_out() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, net(timeout_seconds=0.2) as n:
        user, _ = n.dial(Endpoint(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        assert await user.next() == ("failed", ConnectResult.TIMEOUT)


async def test_a_server_that_hangs_up_during_the_handshake_refuses() -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with server, net() as n:
        user, _ = n.dial(Endpoint(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        assert await user.next() == ("failed", ConnectResult.REFUSED)


async def test_an_attempt_that_is_abandoned_is_never_heard_of_again() -> None:
    async with csms(echo) as port, net(concurrent=1) as n:
        endpoint = Endpoint(f"ws://127.0.0.1:{port}")
        given_up, link = n.dial(endpoint, "CP-1")
        user, _ = n.dial(endpoint, "CP-2")
        link.abandon()
        assert await user.next() == ("opened",)
        assert given_up.told.empty()


async def test_closing_a_link_ends_the_handshake_of_closing_on_both_sides() -> None:
    codes: list[int | None] = []

    async def note(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.close_code)

    async with csms(note) as port, net() as n:
        user, link = n.dial(Endpoint(f"ws://127.0.0.1:{port}"))
        assert await user.next() == ("opened",)
        link.close(1000, "reboot")
        async with asyncio.timeout(10):
            while not codes:  # noqa: ASYNC110 - the peer tells nobody
                await asyncio.sleep(0.01)
        assert codes == [1000]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority, a server certificate for localhost and a client certificate with its key."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA", "-days", "2")
    for name, extension in (
        ("server", "subjectAltName=DNS:localhost"),
        ("client", "keyUsage=digitalSignature"),
    ):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / f"{name}.ext").write_text(extension)
        authority = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        names = ["-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext"]
        openssl("x509", "-req", *names, *authority, "-days", "2")
        (folder / f"{name}.pem").write_text(
            (folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text()
        )
    return folder


def server_tls(folder: Path, *, mutual: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    if mutual:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_wss_is_verified_and_basic_credentials_go_through_it(certificates: Path) -> None:
    seen: list[str | None] = []

    async def note(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers.get("Authorization"))
        await echo(connection)

    async with csms(note, ssl=server_tls(certificates)) as port, net() as n:
        url = f"wss://localhost:{port}"
        stranger, _ = n.dial(Endpoint(url))
        assert await stranger.next() == ("failed", ConnectResult.UNTRUSTED)
        user, link = n.dial(Endpoint(url, ca=certificates / "ca.pem"), key=b"secret")
        assert await user.next() == ("opened",)
        link.send(b"hello")
        assert await user.next() == ("message", b"hello")
        assert seen == ["Basic Q1AtMTpzZWNyZXQ="]


async def test_a_client_certificate_is_presented_where_it_is_asked_for(certificates: Path) -> None:
    async with csms(echo, ssl=server_tls(certificates, mutual=True)) as port, net() as n:
        url = f"wss://localhost:{port}"
        ca, client = certificates / "ca.pem", certificates / "client.pem"
        user, _ = n.dial(Endpoint(url, ca=ca, client_cert=client))
        assert await user.next() == ("opened",)
        without, _ = n.dial(Endpoint(url, ca=ca))
        assert (await without.next())[0] == "failed"


async def test_a_server_that_only_knows_old_tls_is_told_apart(certificates: Path) -> None:
    old = server_tls(certificates)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1

    def serve_one(listener: socket.socket) -> None:
        # Not by asyncio, which closes without having sent what the client is to be told.
        connection, _ = listener.accept()
        with connection, suppress(ssl.SSLError):
            old.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with net() as n:
            serving = asyncio.create_task(asyncio.to_thread(serve_one, listener))
            url = f"wss://localhost:{listener.getsockname()[1]}"
            user, _ = n.dial(Endpoint(url, ca=certificates / "ca.pem"))
            assert await user.next() == ("failed", ConnectResult.TLS_VERSION)
            await serving
