"""One station alone as a process: its life over `kill -9`, its control port, and how it says that it cannot start."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from evswarm_shared.settings import WorkerSettings
from evswarm_worker.alone import options
from evswarm_worker.alone.lone_station import run
from tests.support.machine import ROOT
from tests.support.ocpp_peers.raw_connection import PATIENCE, RawCentralSystem

STATION = "GARAGE 7/a"
PATH = "/GARAGE%207%2Fa"


class Alone:
    """The process, its output as it comes, and its control port."""

    def __init__(self, process: asyncio.subprocess.Process, hand: httpx.AsyncClient) -> None:
        self.process = process
        self.hand = hand

    async def act(self, action: str, **payload: object) -> Any:
        """An action by hand that is possible now; the station after it."""
        answer = await self.hand.post(f"/actions/{action}", json=payload)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def end(self, number: signal.Signals) -> str:
        """Send a signal; what it printed until its end."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            rest = await self.process.stdout.read()
            await self.process.wait()
        return rest.decode()


@asynccontextmanager
async def alone(csms_url: str, *more: str) -> AsyncIterator[Alone]:
    """`evswarm station` as its module, once it has named its control port."""
    line = ["--id", STATION, "--csms-url", csms_url, "--control-port", "0", "--manual", *more]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "evswarm_worker.alone",
        *line,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(r"control +(http://\S+)/\n", printed)):
                text = (await process.stdout.readline()).decode()
                assert text, f"it ended: {printed}"
                printed += text
        async with httpx.AsyncClient(base_url=found[1], trust_env=False, timeout=PATIENCE) as hand:
            yield Alone(process, hand)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_transaction_outlives_kill_9_and_is_started_and_stopped_once(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path), "--connectors", "2")
    system = RawCentralSystem()
    start = system.answers.pop("StartTransaction")
    async with system.listening():
        async with alone(system.url, *state) as station:
            first = await system.next_connection(STATION)
            await first.next_call("StatusNotification", {"connectorId": 2})
            await station.act("plug_in")
            await station.act("authorize", id_tag="CAFE0001")
            # Killed before the answer: the start is in the file and nowhere else.
            started = await first.next_call("StartTransaction")
            await station.end(signal.SIGKILL)
        system.answers["StartTransaction"] = start
        async with alone(system.url, *state) as station:
            second = await system.next_connection(STATION)
            again = await second.next_call("StartTransaction")
            assert again[3] == started[3]
            after = await station.act("press_stop")
            stopped = await second.next_call("StopTransaction")
            assert stopped[3]["transactionId"] == 1
            assert stopped[3]["meterStop"] >= started[3]["meterStart"]
            assert (after["transactions"], after["energy_kwh"] > 0) == (0, True)
            assert await station.act("unplug")
            rest = await station.end(signal.SIGTERM)
            assert station.process.returncode == 0
            assert rest.rstrip().endswith("ended in order")
        async with alone(system.url, "--state", str(tmp_path)) as station:
            third = await system.next_connection(STATION)
            await third.next_call("BootNotification")
            await third.next_call("StatusNotification", {"connectorId": 2, "status": "Available"})
            now = (await station.hand.get("/")).json()
            assert now["station"]["energy_kwh"] == after["energy_kwh"]
            assert now["detail"]["autonomous"] is False
    assert {path for path, _ in system.requests} == {PATH}
    frames = [connection.calls("StopTransaction") for connection in system.connections]
    assert [len(calls) for calls in frames] == [0, 1, 0]
    assert all(not connection.calls("StartTransaction") for connection in system.connections[2:])


async def test_the_control_port_sends_raw_frames_shows_the_wire_and_keeps_browsers_out() -> None:
    system = RawCentralSystem()
    async with system.listening(), alone(system.url) as station:
        connection = await system.next_connection(STATION)
        await connection.next_call("StatusNotification", {"connectorId": 1})
        sent = await station.hand.post("/send", json={"action": "Heartbeat", "unique_id": "raw 1"})
        assert sent.json()["outcome"] == "answered"
        await connection.next_call("Heartbeat")
        await station.hand.post("/send", json={"frame": "no frame at all"})
        assert await connection.next(lambda frame: frame == "no frame at all", "the text") is not None
        # The station itself goes on as if nothing had been.
        await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
        await connection.next_call("Heartbeat")
        messages = (await station.hand.get(f"/stations{PATH}/messages")).json()["messages"]
        assert messages[0]["action"] == "BootNotification"
        assert [each["frame"] for each in messages if each["raw"]] == [
            '[2,"raw 1","Heartbeat",{}]',
            "no frame at all",
        ]
        foreign = await station.hand.get("/", headers={"Origin": "http://somewhere"})
        renamed = await station.hand.get("/", headers={"Host": "somewhere:80"})
        unknown = await station.hand.post("/actions/fly", json={})
        assert (foreign.status_code, renamed.status_code, unknown.status_code) == (403, 421, 422)
        assert "there are plug_in" in unknown.json()["detail"]
        sockets = await asyncio.to_thread(listening_addresses, station.process.pid)
        assert sockets
        assert sockets <= {"127.0.0.1"}


def listening_addresses(pid: int) -> set[str]:
    """The addresses on which a process listens."""
    import psutil

    return {
        each.laddr.ip
        for each in psutil.Process(pid).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--csms-url", "http://here"], "ws:// or wss://"),
        (["--csms-url", "wss://here", "--csms-ca", "/nowhere.pem"], "EVSWARM_CSMS_CA"),
        (["--control-port", "{taken}"], "--control-port .* cannot be had .*in use"),
        (["--config", "{keys}"], "HeartbeatInterval takes a whole number .*, not 'often'"),
        (["--state", "/proc/nowhere"], "--state /proc/nowhere cannot be used"),
    ],
)
async def test_what_cannot_be_had_is_said_before_anything_runs(
    tmp_path: Path, line: list[str], words: str
) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"HeartbeatInterval": "often"}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        filled = [each.format(taken=taken.getsockname()[1], keys=keys) for each in line]
        asked, settings = options.read(["--id", "CP1", *filled], WorkerSettings.load({}))
        with pytest.raises(Exception, match=words) as error:
            await run(asked, settings, lambda _: None)
    assert "\n" not in str(error.value)


def test_the_command_passes_everything_on_and_ends_with_2(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "evswarm"), "station"]
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=PATIENCE)
    assert (helped.returncode, "--control-port" in helped.stdout) == (0, True)
    wrong = subprocess.run(
        [*command, "--id", "CP1", "--csms-url", "http://here"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={name: value for name, value in os.environ.items() if not name.startswith("EVSWARM_")},
    )
    assert (wrong.returncode, wrong.stderr.count("\n"), "Traceback" in wrong.stderr) == (2, 1, False)
