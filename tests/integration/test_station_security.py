"""A station of ours from no security to mutual TLS, its firmware and its logs: real worker, real central system, real files."""

import asyncio
import datetime
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from evswarm_cli.certificates import CertificatePlan, make_certificates
from evswarm_cli.ports import free_port
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import Assignment, ProfileName, StationSnapshot, StationSpec, TariffChange
from evswarm_shared.certificates import read_certified
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.settings import WorkerSettings
from evswarm_worker.worker import Worker
from tests.integration.test_csms_sockets import PATIENCE, central_system
from tests.support.file_servers import ftp_files, http_files
from tests.support.ftps_server import ftps_files
from tests.support.station_certificates import authority, pem, signature, station_pem
from tests.unit.controller.desk import Desk, open_desk

ID = "CP-7"
KEY, NEW_KEY = "00ff" * 10, "fedcba9876543210"
IMAGE = b"a better firmware" * 1000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `evswarm certificates` makes."""
    directory = tmp_path_factory.mktemp("certificates")
    plan = CertificatePlan(["localhost", "127.0.0.1"], [ID], "evswarm", 90)
    make_certificates(directory, plan, datetime.datetime.now(datetime.UTC))
    return directory


class Life:
    """One station, the central system's hand on it, and what both wrote down."""

    def __init__(self, store: MemoryStore, desk: Desk, worker: Worker) -> None:
        self.store = store
        self.desk = desk
        self.worker = worker

    async def command(self, action: str, **payload: Any) -> Any:
        answer = await self.desk.client.post(f"/csms/stations/{ID}/commands/{action}", json=payload)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def change(self, key: str, value: str) -> Any:
        return (await self.command("ChangeConfiguration", key=key, value=value))["status"]

    async def configured(self, key: str) -> str:
        answer = await self.command("GetConfiguration", key=[key])
        return str(answer["configurationKey"][0]["value"])

    async def log(self) -> str:
        return "\n".join(await MemoryBus(self.store).read_log(ID))

    async def events(self) -> list[dict[str, Any]]:
        answer = await self.desk.client.get(f"/csms/stations/{ID}/events")
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    def running(self) -> bool:
        row = self.store.snapshots.get(ID)
        return row is not None and msgspec.json.decode(row, type=StationSnapshot).running

    @property
    def opened(self) -> int:
        return self.worker.counts.connects["opened"]

    async def reconnected(self, before: int) -> None:
        """Wait for one more connection, and until commands reach the station on it."""
        await eventually(lambda: self.opened > before and self.running(), "a new connection")
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.desk.client.post(
                    f"/csms/stations/{ID}/commands/GetConfiguration", json={"key": ["HeartbeatInterval"]}
                )
                if answer.status_code == 200:
                    return
                await asyncio.sleep(0.05)

    async def told(self, text: str) -> None:
        """Wait for a line in the station's log."""
        async with asyncio.timeout(PATIENCE):
            while text not in await self.log():  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.05)

    async def _happened(self, status: str) -> bool:
        return any(status in str(event.values()) for event in await self.events())

    async def event(self, status: str) -> None:
        """Wait for an event at the central system that says this."""
        async with asyncio.timeout(30.0):
            while not await self._happened(status):  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.05)


def https(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def eventually(probe: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30.0
    while not probe():
        assert time.monotonic() < deadline, f"{what} did not come"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def life(
    files: Path, *, csms: dict[str, Any] | None = None, ca: Path | None = None, **spec: Any
) -> AsyncIterator[Life]:
    """A central system with every listener, a controller's desk, and a worker with one station."""
    store = MemoryStore()
    tls_port = free_port()
    settings = {
        "csms_tls_port": tls_port,
        "csms_tls_cert": files / "csms.pem",
        "csms_tls_client_ca": files / "ca.pem",
        "csms_signing_ca": files / "authority.pem",
        "csms_cpo_name": "evswarm",
    }
    async with central_system(store, **(settings | (csms or {}))) as listening, open_desk(store) as desk:
        routing = asyncio.create_task(desk.context.router.run())
        bus = MemoryBus(store)
        await bus.change_tariff(TariffChange(0.0, 300_000))
        worker = Worker(
            WorkerSettings(
                csms_url=f"ws://127.0.0.1:{listening.port}",
                csms_tls_url=f"wss://localhost:{tls_port}",
                csms_ca=ca,
                worker_id="w1",
                tick_seconds=0.1,
            ),
            MemoryBus(store),
            10,
        )
        working = asyncio.create_task(worker.run())
        epoch = await bus.acquire_leadership("test", 600.0)
        assert epoch is not None
        station = StationSpec(ID, ProfileName.WORKPLACE, autonomous=False, **spec)
        await bus.write_assignments(
            "test",
            epoch,
            [
                Assignment(
                    worker_id="w1",
                    leader_epoch=epoch,
                    generation=1,
                    individuals=(station,),
                    clock=SimulatedClock(),
                    run_id="test",
                    swarm_individuals=frozenset((ID,)),
                )
            ],
        )
        one = Life(store, desk, worker)
        try:
            await one.reconnected(0)
            yield one
        finally:
            worker.stop()
            await asyncio.wait_for(working, PATIENCE)
            routing.cancel()


async def test_a_station_lives_from_no_security_to_mutual_tls(files: Path) -> None:
    """Root, password, TLS, certificate, mutual TLS, renewal; every step by OCPP alone (whitepaper A01, A02, A05, M05)."""
    async with life(files) as one:
        root = (files / "ca.pem").read_text()
        assert await one.change("SecurityProfile", "2") == "Rejected"
        answer = await one.command(
            "InstallCertificate", certificateType="CentralSystemRootCertificate", certificate=root
        )
        assert answer["status"] == "Accepted"
        assert await one.change("AuthorizationKey", KEY) == "Accepted"

        before = one.opened
        assert await one.change("SecurityProfile", "2") == "Accepted"
        await one.reconnected(before)
        assert await one.configured("SecurityProfile") == "2"

        stranger = pem(authority(time.time(), "Somebody").certificate)
        await one.command(
            "InstallCertificate", certificateType="CentralSystemRootCertificate", certificate=stranger
        )
        kind = {"certificateType": "CentralSystemRootCertificate"}
        roots = (await one.command("GetInstalledCertificateIds", **kind))["certificateHashData"]
        deleted = [await one.command("DeleteCertificate", certificateHashData=each) for each in roots]
        assert [each["status"] for each in deleted] == ["Failed", "Accepted"], (
            "the first is in use (M04.FR.06)"
        )

        before = one.opened
        assert await one.change("AuthorizationKey", NEW_KEY) == "Accepted"
        await one.reconnected(before)

        assert await one.change("SecurityProfile", "3") == "Rejected"
        trigger = "SignChargePointCertificate"
        assert (await one.command("ExtendedTriggerMessage", requestedMessage=trigger))["status"] == "Accepted"
        await one.told("New certificate in use")

        before = one.opened
        assert await one.change("SecurityProfile", "3") == "Accepted"
        await one.reconnected(before)
        assert await one.configured("SecurityProfile") == "3"

        before = one.opened
        await one.command("ExtendedTriggerMessage", requestedMessage=trigger)
        await one.reconnected(before)
        assert await one.change("SecurityProfile", "1") == "Rejected"
        assert await one.change("SecurityProfile", "3") == "Rejected"


async def test_a_station_delivered_with_a_certificate_uses_mutual_tls_from_the_start(files: Path) -> None:
    async with life(
        files,
        csms={"csms_security_profile": 3},
        security_profile=3,
        root_certificates=(files / "ca.pem").read_text(),
        client_certificate=(files / "stations" / f"{ID}.pem").read_text(),
    ) as one:
        assert await one.configured("SecurityProfile") == "3"


async def test_a_profile_whose_server_is_not_trusted_is_given_up(files: Path) -> None:
    stranger = pem(authority(time.time(), "Somebody").certificate)
    async with life(files, authorization_key=KEY, security_profile=1, root_certificates=stranger) as one:
        before = one.opened
        assert await one.change("SecurityProfile", "2") == "Accepted"
        await one.reconnected(before)
        assert await one.configured("SecurityProfile") == "1"
        assert one.worker.counts.connects["untrusted"] == 1
        await one.event("InvalidCentralSystemCertificate")


async def test_firmware_comes_by_https_from_a_trusted_server_only_and_runs_after_a_reboot(
    files: Path, tmp_path: Path
) -> None:
    plan = CertificatePlan(["127.0.0.1"], [], "stranger", 2)
    make_certificates(tmp_path, plan, datetime.datetime.now(datetime.UTC))
    with (
        http_files(https(tmp_path / "csms.pem")) as stranger,
        http_files(https(files / "csms.pem")) as server,
    ):
        stranger.files["/box-6.6.6.bin"] = server.files["/box-2.5.0.bin"] = IMAGE
        async with life(files, ca=files / "ca.pem") as one:
            await one.command(
                "UpdateFirmware",
                location=f"{stranger.url}/box-6.6.6.bin",
                retrieveDate="2020-01-01T00:00:00Z",
                retries=1,
            )
            await one.event("DownloadFailed")
            await one.told("unable to get local issuer certificate")
            assert not stranger.requests
            await one.command(
                "UpdateFirmware",
                location=f"{server.url}/box-2.5.0.bin",
                retrieveDate="2020-01-01T00:00:00Z",
            )
            await one.event("Installed")
            await one.told("Firmware 2.5.0 installed")
            assert [path for path, _, _ in server.of("GET")] == ["/box-2.5.0.bin"]
            await one.event("FirmwareUpdated")


async def test_signed_firmware_comes_by_ftp_and_a_forged_one_is_not_installed(
    files: Path, tmp_path: Path
) -> None:
    maker = authority(time.time(), "Maker")
    signer = read_certified(station_pem(maker, "signer", time.time()).encode())
    (tmp_path / "box-3.1.bin").write_bytes(IMAGE)
    (tmp_path / "forged-9.9.bin").write_bytes(IMAGE + b"!")
    async with ftp_files(tmp_path) as url, life(files) as one:
        await one.command(
            "InstallCertificate",
            certificateType="ManufacturerRootCertificate",
            certificate=pem(maker.certificate),
        )

        async def update(request_id: int, name: str) -> None:
            firmware = {
                "location": f"{url}/{name}",
                "retrieveDateTime": "2020-01-01T00:00:00Z",
                "signingCertificate": pem(signer.certificate),
                "signature": signature(signer.key, IMAGE),
            }
            answer = await one.command("SignedUpdateFirmware", requestId=request_id, firmware=firmware)
            assert answer["status"] == "Accepted"

        await update(1, "forged-9.9.bin")
        await one.event("InvalidFirmwareSignature")
        await update(2, "box-3.1.bin")
        await one.told("Firmware 3.1 installed")


async def test_diagnostics_and_the_security_log_are_uploaded(files: Path, tmp_path: Path) -> None:
    with http_files() as server, ftps_files(tmp_path, files / "csms.pem") as ftp:
        async with life(files, ca=files / "ca.pem") as one:
            name = (await one.command("GetDiagnostics", location=f"{server.url}/inbox/"))["fileName"]
            await one.told(f"Uploaded {name}")
            ((path, _, body),) = server.of("PUT")
            assert path == f"/inbox/{name}"
            assert b"Boot accepted" in body and b"connector 1: Available" in body
            answer = await one.command(
                "GetLog", logType="SecurityLog", requestId=3, log={"remoteLocation": f"{ftp}/"}
            )
            await one.told(f"Uploaded {answer['filename']}")
            assert (tmp_path / answer["filename"]).read_text().startswith(f"Security log of {ID}")
            failed = await one.command(
                "GetLog",
                logType="DiagnosticsLog",
                requestId=4,
                retries=1,
                log={"remoteLocation": f"{ftp}/nowhere/"},
            )
            assert failed["status"] == "Accepted"
            await one.event("UploadFailure")
