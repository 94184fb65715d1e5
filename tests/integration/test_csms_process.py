"""The central system as the process that containers and the command start, on an embedded Valkey."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandTarget
from evswarm_shared.bus.redis import RedisBus

OCPP = [Subprotocol("ocpp1.6")]
BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
PATIENCE = 20.0


def environment(valkey_url: str, key_prefix: str, **settings: object) -> dict[str, str]:
    values = {"redis_url": valkey_url, "key_prefix": key_prefix, "csms_port": free_port(), **settings}
    return {**os.environ, **{f"EVSWARM_{name.upper()}": str(value) for name, value in values.items()}}


def start(env: dict[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "evswarm_csms"]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


@contextlib.contextmanager
def process(env: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A replica that has said that it listens; ended when the context ends."""
    replica = start(env)
    assert replica.stderr is not None
    try:
        line = replica.stderr.readline()
        assert "listens for stations" in line, line
        yield replica
    finally:
        replica.terminate()
        replica.communicate(timeout=PATIENCE)


@contextlib.asynccontextmanager
async def stations(env: dict[str, str], count: int) -> AsyncIterator[list[ClientConnection]]:
    """That many accepted stations."""
    async with contextlib.AsyncExitStack() as stack:
        url = f"ws://127.0.0.1:{env['EVSWARM_CSMS_PORT']}"
        sockets = [
            await stack.enter_async_context(connect(f"{url}/CP-{number}", subprotocols=OCPP))
            for number in range(count)
        ]
        for websocket in sockets:
            assert (await call(websocket, "BootNotification", BOOT))[2]["status"] == "Accepted"
        yield sockets


async def call(websocket: ClientConnection, action: str, payload: Any) -> Any:
    await websocket.send(json.dumps([2, "1", action, payload]))
    return json.loads(await asyncio.wait_for(websocket.recv(), PATIENCE))


async def holder_of(bus: RedisBus, station_id: str) -> str:
    """The replica that holds a station, as soon as that is recorded."""
    for _ in range(1000):
        if (replica_id := await bus.csms_of(station_id)) is not None:
            return replica_id
        await asyncio.sleep(0.01)
    raise AssertionError(f"{station_id} is recorded nowhere")


async def test_sigterm_closes_the_stations_and_ends_with_0(valkey_url: str, key_prefix: str) -> None:
    env = environment(valkey_url, key_prefix)
    bus = RedisBus.connect(valkey_url, key_prefix)
    with process(env) as replica:
        async with stations(env, 20) as sockets:
            assert len(await bus.live_csms()) == 1
            replica.send_signal(signal.SIGTERM)
            for websocket in sockets:
                await asyncio.wait_for(websocket.wait_closed(), PATIENCE)
            assert {websocket.close_code for websocket in sockets} == {1001}
        assert await asyncio.to_thread(replica.wait, PATIENCE) == 0
    assert await bus.live_csms() == []
    await bus.close()


async def test_two_replicas_share_stations_and_number_transactions_once(
    valkey_url: str, key_prefix: str
) -> None:
    one, other = environment(valkey_url, key_prefix), environment(valkey_url, key_prefix)
    start_request = {"connectorId": 1, "idTag": "TAG", "meterStart": 1}
    with process(one), process(other):
        ids = []
        for env in (one, other):
            async with stations(env, 5) as sockets:
                for index, websocket in enumerate(sockets):
                    timestamp = f"2026-01-01T00:00:0{index}Z" if env is one else f"2026-01-01T01:00:0{index}Z"
                    request = {**start_request, "timestamp": timestamp}
                    ids.append((await call(websocket, "StartTransaction", request))[2]["transactionId"])
        assert len(set(ids)) == 10


async def test_a_retry_at_another_replica_finds_its_transaction(valkey_url: str, key_prefix: str) -> None:
    one, other = environment(valkey_url, key_prefix), environment(valkey_url, key_prefix)
    request = {"connectorId": 1, "idTag": "TAG", "meterStart": 1, "timestamp": "2026-01-01T00:00:00Z"}
    with process(one), process(other):
        async with stations(one, 1) as [websocket]:
            first = await call(websocket, "StartTransaction", request)
        async with stations(other, 1) as [websocket]:
            again = await call(websocket, "StartTransaction", request)
    assert first == again


async def test_a_command_finds_its_way_through_redis(valkey_url: str, key_prefix: str) -> None:
    env = environment(valkey_url, key_prefix)
    bus = RedisBus.connect(valkey_url, key_prefix)
    with process(env):
        async with stations(env, 1) as [websocket], bus.replies("controller") as replies:
            replica_id = await holder_of(bus, "CP-0")
            command = Command(
                command_id="c-1",
                station_id="CP-0",
                action="GetConfiguration",
                payload=msgspec.Raw(b"{}"),
                expires_at=time.time() + PATIENCE,
                reply_to="controller",
            )
            assert await bus.send_command(CommandTarget.CSMS, replica_id, command)
            request = json.loads(await asyncio.wait_for(websocket.recv(), PATIENCE))
            await websocket.send(json.dumps([3, request[1], {"unknownKey": ["x"]}]))
            reply = await asyncio.wait_for(anext(aiter(replies)), PATIENCE)
    assert (reply.outcome, reply.payload) == (CommandOutcome.DONE, msgspec.Raw(b'{"unknownKey": ["x"]}'))
    await bus.close()


@pytest.mark.parametrize(
    ("settings", "code", "named"),
    [
        ({"csms_port": "many"}, 2, "EVSWARM_CSMS_PORT"),
        ({"csmss_port": 1}, 2, "EVSWARM_CSMSS_PORT"),
        ({"redis_url": "redis://:secret@127.0.0.1:1/0"}, 3, "127.0.0.1:1/0"),
        ({"csms_host": "192.0.2.1"}, 3, "192.0.2.1"),
        ({"metrics_host": "192.0.2.1"}, 3, "192.0.2.1"),
    ],
    ids=["bad value", "unknown name", "no store", "not our address", "not our metrics address"],
)
def test_what_keeps_it_from_starting_is_one_clear_line(
    valkey_url: str, key_prefix: str, settings: dict[str, object], code: int, named: str
) -> None:
    replica = start(environment(valkey_url, key_prefix, **settings))
    _, said = replica.communicate(timeout=PATIENCE)
    assert replica.returncode == code
    assert named in said
    assert len(said.splitlines()) == 1
    assert "secret" not in said


def test_a_taken_port_is_one_clear_line(valkey_url: str, key_prefix: str) -> None:
    env = environment(valkey_url, key_prefix)
    with process(env):
        second = start(env)
        _, said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 3
    assert env["EVSWARM_CSMS_PORT"] in said and len(said.splitlines()) == 1
