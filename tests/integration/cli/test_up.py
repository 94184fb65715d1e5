"""`evswarm up` from start to Ctrl-C, and its refusals."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from evswarm_cli.ports import free_port
from tests.support.compose import eventually
from tests.support.swarm import EVSWARM, SwarmProcess

pytestmark = pytest.mark.timeout(180)


def up(*options: str) -> subprocess.CompletedProcess[str]:
    """Run a start that is expected to fail."""
    return subprocess.run(
        [str(EVSWARM), "up", *options], capture_output=True, text=True, timeout=60, check=False
    )


def test_stations_come_up_and_charge_and_are_shown() -> None:
    with SwarmProcess("--stations", "20", "--workers", "2") as swarm:
        eventually(lambda: swarm.get("/totals"), lambda t: t["running"] == 20, 60, "20 running")
        eventually(
            lambda: swarm.get("/totals"), lambda t: t["charging"] > 0 and t["power_kw"] > 0, 30, "charging"
        )
        # A worker tells how many it has with its next heartbeat.
        eventually(
            lambda: sorted(w["stations"] for w in swarm.get("/workers")["workers"]),
            lambda each: each == [10, 10],
            30,
            "10 on each worker",
        )
        output = eventually(
            swarm.output, lambda text: "all 20 stations are up" in text, 10, "the announcement"
        )
        assert swarm.url in output and swarm.csms_url in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_in_order(number: signal.Signals, tmp_path: Path) -> None:
    with SwarmProcess("--stations", "10", "--workers", "2", "--data", str(tmp_path)) as swarm:
        eventually(lambda: swarm.get("/totals"), lambda t: t["charging"] > 0, 60, "charging")
        processes = swarm.descendants()
        assert len(processes) == 6
        swarm.interrupt(number)
        assert swarm.wait() == 0
        assert not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        output = swarm.output()
        assert "stopped" in output
        assert "killed" not in output
    logs = "".join(path.read_text() for path in (tmp_path / "logs").glob("*.log"))
    assert "Traceback" not in logs
    # What the stations left behind: no transaction is half open.
    with SwarmProcess("--stations", "0", "--workers", "1", "--data", str(tmp_path)) as swarm:
        transactions = eventually(
            lambda: swarm.get("/csms/transactions")["transactions"],
            bool,
            30,
            "the transactions kept by --data",
        )
        assert all(t["stopped_at"] is not None for t in transactions)


def test_a_station_rises_to_tls_and_a_second_signal_ends_everything_at_once(tmp_path: Path) -> None:
    tls = ("--tls", str(tmp_path / "pki"), "--csms-tls-port", str(free_port()))
    with SwarmProcess("--stations", "1", "--workers", "1", *tls) as swarm:
        swarm.wait_for_running(1)
        change = "/csms/stations/CP-000001/commands/ChangeConfiguration"
        for key, value in (
            ("AuthorizationKey", "00112233445566778899aabbccddeeff"),
            ("SecurityProfile", "2"),
        ):
            assert swarm.post(change, {"key": key, "value": value}) == {"status": "Accepted"}
        eventually(
            lambda: swarm.get("/stations/CP-000001/logs")["logs"],
            lambda lines: any("Security profile 2 works" in line for line in lines),
            30,
            "a connection by TLS",
        )
        assert f"wss://127.0.0.1:{tls[3]}" in swarm.output()

        processes = swarm.descendants()
        worker = next(p for p in processes if "evswarm_worker" in " ".join(p.cmdline()))
        worker.suspend()  # it would be waited for, for a minute
        swarm.interrupt()
        eventually(swarm.output, lambda text: "stopping stations" in text, 30, "the end to begin")
        swarm.interrupt()
        assert swarm.wait() == 0
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not alive


def test_a_killed_command_leaves_no_process() -> None:
    with SwarmProcess("--stations", "2", "--workers", "1") as swarm:
        swarm.wait_for_running(2)
        processes = swarm.descendants()
        swarm.process.kill()
        swarm.process.wait()
        _, alive = psutil.wait_procs(processes, timeout=30)
        assert not alive


def test_a_taken_port_is_refused_with_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = up("--port", port)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert re.search(rf"cannot listen on 127\.0\.0\.1:{port}.*--port", done.stderr, re.DOTALL)


def test_a_central_system_that_is_not_there_is_refused_with_a_sentence() -> None:
    done = up("--csms-url", f"ws://127.0.0.1:{free_port()}", "--port", str(free_port()))
    assert done.returncode == 1
    assert "--csms-url" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_redis_that_is_not_there_is_refused_with_a_sentence() -> None:
    ports = ("--port", str(free_port()), "--csms-port", str(free_port()))
    done = up("--redis-url", f"redis://127.0.0.1:{free_port()}/0", *ports)
    assert done.returncode == 1
    assert "--redis-url" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dead_historian_is_started_again_and_any_other_dead_part_ends_the_command_with_its_name() -> None:
    with SwarmProcess("--stations", "2", "--workers", "1") as swarm:
        swarm.wait_for_running(2)

        def part(name: str) -> psutil.Process:
            return next(p for p in swarm.descendants() if f"evswarm_{name}" in " ".join(p.cmdline()))

        eventually(lambda: swarm.get("/history/runs")["items"], bool, 60, "the run in the history")
        historian = part("historian")
        historian.kill()
        historian.wait(60)
        eventually(
            lambda: swarm.api.get("/history/runs").status_code, lambda code: code == 200, 60, "an answer"
        )
        assert swarm.get("/history/runs")["items"]
        swarm.wait_for_running(2)

        part("csms").kill()
        assert swarm.wait() == 1
        output = swarm.output()
        assert "historian was killed by signal 9 and is started again" in output
        assert "csms was killed by signal 9" in output


def test_scale_status_and_logs_talk_to_the_running_swarm() -> None:
    with SwarmProcess("--stations", "1", "--workers", "1") as swarm:
        swarm.wait_for_running(1)

        def evswarm(*arguments: str) -> str:
            command = [str(EVSWARM), *arguments, "--url", swarm.url]
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

        assert "3 stations: succeeded" in evswarm("scale", "3")
        assert "3 of 3 stations running" in evswarm("status")
        assert re.search(r"^\[\d\d:\d\d:\d\d\] .*[Bb]oot", evswarm("logs", "CP-000001"), re.MULTILINE)


def test_logs_can_be_followed() -> None:
    with SwarmProcess("--stations", "1", "--workers", "1") as swarm:
        swarm.wait_for_running(1)
        command = [str(EVSWARM), "logs", "CP-000001", "--follow", "--url", swarm.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
            lines: list[Any] = []
            reader = threading.Thread(target=lambda: lines.extend(follower.stdout or ()), daemon=True)
            reader.start()
            eventually(lambda: len(lines), lambda n: n > 0, 20, "the first lines")
            swarm.post("/stations/CP-000001/actions/fault", {"connector_id": 1})
            eventually(lambda: "".join(lines), lambda text: "ault" in text, 20, "the new line")
            follower.terminate()
            reader.join(timeout=5)


def test_the_stations_reach_a_central_system_given_by_url() -> None:
    with (
        SwarmProcess("--stations", "0", "--workers", "1") as theirs,
    ):
        eventually(lambda: theirs.get("/totals"), lambda t: t["stations"] == 0, 60, "the other swarm")
        with SwarmProcess("--stations", "3", "--workers", "1", "--csms-url", theirs.csms_url) as ours:
            ours.wait_for_running(3)
            assert not [p for p in ours.descendants() if "evswarm_csms" in " ".join(p.cmdline())]


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--port", "8500", "--csms-port", "8500"], {}, "must differ"),
        (["--client-cert", __file__], {}, "wss://"),
        (["--csms-tls-port", "9444"], {}, "needs --tls"),
        (["--csms-tls-port", "9444", "--csms-url", "ws://127.0.0.1:9"], {}, "our own central system"),
        (["--clock-start", "noon"], {}, "EVSWARM_CLOCK_START"),
        ([], {"EVSWARM_BOGUS": "1"}, "EVSWARM_BOGUS"),
    ],
)
def test_what_cannot_be_right_is_a_usage_error(
    options: list[str], environment: dict[str, str], words: str
) -> None:
    done = subprocess.run(
        [str(EVSWARM), "up", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_central_system_that_is_not_trusted_is_refused_with_a_sentence(tmp_path: Path) -> None:
    for name in ("theirs", "others"):
        subprocess.run(
            [str(EVSWARM), "certificates", str(tmp_path / name)], check=True, capture_output=True, timeout=60
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "theirs" / "csms.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with contextlib.suppress(OSError), connection:
                        context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        url = f"wss://127.0.0.1:{listener.getsockname()[1]}"
        ports = ["--port", str(free_port())]
        done = up("--csms-url", url, "--csms-ca", str(tmp_path / "others" / "ca.pem"), *ports)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "not trusted" in done.stderr and "--csms-ca" in done.stderr
        listener.close()


def test_a_run_that_begins_at_a_given_time_finds_that_hour_and_the_same_cars() -> None:
    def cars() -> list[str]:
        clock = ("--seed", "7", "--clock-start", "2026-11-22T17:30:00Z")
        with SwarmProcess("--stations", "8", "--workers", "1", *clock) as swarm:
            swarm.wait_for_running(8)
            first = swarm.get("/stations/CP-000001/logs")["logs"][0]
            assert first.startswith("[17:30:")
            rows = swarm.get("/stations")["stations"]
            return [
                f"{row['station_id']} {row['profile']} {row['connectors'] != ['Available']}" for row in rows
            ]

    assert cars() == cars()
