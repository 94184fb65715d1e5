"""Security profiles 0 to 3 at the central system, over real sockets and TLS, on the store in memory."""

import asyncio
import base64
import datetime
import json
import shutil
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from evswarm_cli.certificates import CertificatePlan, make_certificates
from evswarm_cli.ports import free_port
from evswarm_csms.errors import SigningAuthorityError, TlsError
from evswarm_csms.service import CentralSystem
from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import StationRegistration
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.settings import CsmsSettings
from tests.integration.test_csms_sockets import (
    BOOT,
    OCPP,
    PATIENCE,
    call,
    central_system,
    frame,
    http_get,
)

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `evswarm certificates` makes."""
    directory = tmp_path_factory.mktemp("certificates")
    plan = CertificatePlan(["localhost", "127.0.0.1"], ["CP-1", "CP-2"], "evswarm", 10)
    make_certificates(directory, plan, datetime.datetime.now(datetime.UTC))
    return directory


@pytest.fixture
def tls(files: Path) -> dict[str, Any]:
    """The settings of a listener for every profile."""
    return {
        "csms_tls_port": free_port(),
        "csms_tls_cert": files / "csms.pem",
        "csms_tls_cert_rsa": files / "csms-rsa.pem",
        "csms_tls_client_ca": files / "ca.pem",
        "csms_signing_ca": files / "authority.pem",
        "csms_cpo_name": "evswarm",
    }


def context(files: Path, client: Path | None = None) -> ssl.SSLContext:
    """A station's side of TLS: the server is verified."""
    made = ssl.create_default_context(cafile=str(files / "ca.pem"))
    if client is not None:
        made.load_cert_chain(client)
    return made


def basic(station_id: str = "CP-1", key: str | bytes = KEY) -> dict[str, str]:
    password = key.encode() if isinstance(key, str) else key
    return {"Authorization": "Basic " + base64.b64encode(station_id.encode() + b":" + password).decode()}


@asynccontextmanager
async def station(
    port: int | None,
    station_id: str = "CP-1",
    *,
    tls: ssl.SSLContext | None = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[ClientConnection]:
    """A connection of a station, by TLS with a context."""
    scheme = "ws" if tls is None else "wss"
    async with connect(
        f"{scheme}://127.0.0.1:{port}/{station_id}",
        subprotocols=[Subprotocol("ocpp1.6")],
        additional_headers=headers or {},
        ssl=tls,
        proxy=None,
        open_timeout=PATIENCE,
    ) as websocket:
        yield websocket


async def refused(port: int | None, station_id: str = "CP-1", **options: Any) -> int:
    """The status with which the handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with station(port, station_id, **options):
            pass
    return refusal.value.response.status_code


async def boots(websocket: ClientConnection) -> bool:
    return bool((await call(websocket, "BootNotification", BOOT))[2]["status"] == "Accepted")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_profile_1_wants_the_key_of_the_station(store: MemoryStore) -> None:
    await MemoryBus(store).write_registration(
        StationRegistration("CP-1", 1, "salt", authorization_key.digests("salt", KEY))
    )
    async with central_system(store) as listening:
        assert await refused(listening.port) == 401
        assert await refused(listening.port, headers=basic(key="a wrong key of 16")) == 401
        assert await refused(listening.port, headers=basic("CP-2")) == 401
        async with station(listening.port, headers=basic()) as websocket:
            assert await boots(websocket)
        async with station(listening.port, headers=basic(key=bytes.fromhex(KEY))) as websocket:
            assert await boots(websocket)
        async with station(listening.port, "CP-2") as websocket:
            assert await boots(websocket)


async def test_a_refusal_by_password_says_how_to_authenticate(store: MemoryStore) -> None:
    async with central_system(store, csms_auth_key=KEY) as listening:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(f"ws://127.0.0.1:{listening.port}/CP-1", subprotocols=OCPP)
    assert refusal.value.response.headers["WWW-Authenticate"] == 'Basic realm="OCPP"'


async def test_profile_2_wants_tls_and_the_key(store: MemoryStore, files: Path, tls: dict[str, Any]) -> None:
    async with central_system(store, csms_security_profile=2, csms_auth_key=KEY, **tls) as listening:
        assert await refused(listening.port, headers=basic()) == 403
        assert await refused(listening.tls_port, tls=context(files)) == 401
        async with station(listening.tls_port, tls=context(files), headers=basic()) as websocket:
            assert await boots(websocket)


async def test_profile_3_wants_a_certificate_of_the_station(
    store: MemoryStore, files: Path, tls: dict[str, Any]
) -> None:
    async with central_system(store, csms_security_profile=3, **tls) as listening:
        own = context(files, files / "stations" / "CP-1.pem")
        assert await refused(listening.port) == 403
        assert await refused(listening.tls_port, tls=context(files), headers=basic()) == 403
        assert await refused(listening.tls_port, "CP-2", tls=own) == 403
        async with station(listening.tls_port, tls=own) as websocket:
            assert await boots(websocket)


async def test_a_certificate_of_another_authority_opens_nothing(
    store: MemoryStore, files: Path, tls: dict[str, Any], tmp_path: Path
) -> None:
    plan = CertificatePlan(["localhost"], ["CP-1"], "evswarm", 10)
    make_certificates(tmp_path, plan, datetime.datetime.now(datetime.UTC))
    foreign = context(files, tmp_path / "stations" / "CP-1.pem")
    async with central_system(store, csms_security_profile=3, **tls) as listening:
        with pytest.raises((OSError, InvalidMessage)):
            async with station(listening.tls_port, tls=foreign):
                pass
        own = context(files, files / "stations" / "CP-1.pem")
        async with station(listening.tls_port, tls=own) as websocket:
            assert await boots(websocket)


async def test_a_revoked_certificate_opens_nothing(
    store: MemoryStore, files: Path, tls: dict[str, Any], tmp_path: Path
) -> None:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    plan = CertificatePlan(["localhost"], [], "evswarm", 10, revoke=["CP-1"])
    make_certificates(tmp_path, plan, datetime.datetime.now(datetime.UTC))
    settings = tls | {"csms_tls_client_crl": tmp_path / "revoked.pem"}
    async with central_system(store, csms_security_profile=3, **settings) as listening:
        with pytest.raises((OSError, InvalidMessage)):
            async with station(listening.tls_port, tls=context(files, files / "stations" / "CP-1.pem")):
                pass
        assert 'connects_total{result="untrusted"} 1.0' in await http_get(listening.metrics_url)
        other = context(files, files / "stations" / "CP-2.pem")
        async with station(listening.tls_port, "CP-2", tls=other) as websocket:
            assert await boots(websocket)


@pytest.mark.parametrize("ciphers", ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-GCM-SHA384"])
async def test_the_listener_speaks_the_ciphers_of_the_whitepaper(
    store: MemoryStore, files: Path, tls: dict[str, Any], ciphers: str
) -> None:
    client = context(files)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(ciphers)
    async with (
        central_system(store, **tls) as listening,
        station(listening.tls_port, tls=client) as websocket,
    ):
        assert await boots(websocket)


async def test_tls_older_than_1_2_is_not_spoken(store: MemoryStore, files: Path, tls: dict[str, Any]) -> None:
    old = context(files)
    old.set_ciphers("ALL:@SECLEVEL=0")  # or it would not even offer what it knows
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # that is what this is about
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with central_system(store, **tls) as listening:
        with pytest.raises((OSError, InvalidMessage)):
            async with station(listening.tls_port, tls=old):
                pass
        assert 'connects_total{result="tls_version"} 1.0' in await http_get(listening.metrics_url)


async def test_a_client_that_speaks_no_tls_disturbs_nobody(
    store: MemoryStore, files: Path, tls: dict[str, Any]
) -> None:
    async with central_system(store, **tls) as listening:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.tls_port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), PATIENCE) is not None
        writer.close()
        async with station(listening.tls_port, tls=context(files)) as websocket:
            assert await boots(websocket)


async def test_a_station_gets_a_certificate_and_comes_back_with_it(
    store: MemoryStore, files: Path, tls: dict[str, Any], tmp_path: Path
) -> None:
    """Basic by TLS, a certificate on request, and from then on mutual TLS only (whitepaper A02, A05)."""
    await MemoryBus(store).write_registration(
        StationRegistration("CP-7", 2, "salt", authorization_key.digests("salt", KEY))
    )
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "CP-7"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "evswarm"),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    async with central_system(store, **tls) as listening:
        async with station(
            listening.tls_port, "CP-7", tls=context(files), headers=basic("CP-7")
        ) as websocket:
            assert await boots(websocket)
            assert (await call(websocket, "SignCertificate", {"csr": csr}))[2] == {"status": "Accepted"}
            _, unique_id, action, payload = await frame(websocket)
            assert action == "CertificateSigned"
            await websocket.send(json.dumps([3, unique_id, {"status": "Accepted"}]))
        pem = tmp_path / "own.pem"
        pem.write_bytes(
            payload["certificateChain"].encode()
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        async with station(listening.tls_port, "CP-7", tls=context(files, pem)) as websocket:
            assert (await call(websocket, "Heartbeat", {}))[0] == 3
        assert await refused(listening.tls_port, "CP-7", tls=context(files), headers=basic("CP-7")) == 403


@pytest.mark.parametrize(
    ("settings", "error", "names"),
    [
        ({"csms_tls_cert": "nowhere.pem"}, TlsError, "EVSWARM_CSMS_TLS_CERT: nowhere.pem"),
        ({"csms_tls_cert": "ca.pem"}, TlsError, "unencrypted key"),
        (
            {"csms_tls_cert": "csms.pem", "csms_tls_client_ca": "nowhere.pem"},
            TlsError,
            "EVSWARM_CSMS_TLS_CLIENT_CA",
        ),
        (
            {"csms_tls_cert": "csms.pem", "csms_tls_client_crl": "revoked.pem"},
            TlsError,
            "needs EVSWARM_CSMS_TLS_CLIENT_CA",
        ),
        (
            {
                "csms_tls_cert": "csms.pem",
                "csms_tls_client_ca": "ca.pem",
                "csms_tls_client_crl": "ca.pem",
            },
            TlsError,
            "holds no revocation list",
        ),
        ({"csms_signing_ca": "ca.pem"}, SigningAuthorityError, "EVSWARM_CSMS_SIGNING_CA"),
    ],
)
def test_files_that_do_not_do_are_said_at_the_start(
    files: Path, settings: dict[str, str], error: type[Exception], names: str
) -> None:
    known = {name: files / file if (files / file).exists() else Path(file) for name, file in settings.items()}
    with pytest.raises(error, match=names):
        CentralSystem(CsmsSettings.model_validate(known), MemoryBus())
