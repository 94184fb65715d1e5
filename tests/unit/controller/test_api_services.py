"""The processes around the swarm, and what the system is."""

import httpx
import pytest
from pydantic import BaseModel, Field

from evswarm_controller.api.services import HIDDEN, settings_of
from evswarm_controller.historian_client import HistorianClient
from evswarm_shared.bus.messages import CsmsHeartbeat
from evswarm_shared.settings import ControllerSettings
from tests.unit.controller.desk import Desk, open_desk


async def test_store_controllers_replicas_and_the_missing_historian_are_told(swarm: Desk) -> None:
    context = swarm.context
    await context.presence.beat()
    await context.bus.csms_heartbeat(
        CsmsHeartbeat(replica_id="c1", host="h", pid=7, stations_connected=12, memory_bytes=5), 10.0
    )
    await swarm.look()
    answer = (await swarm.client.get("/services")).json()
    assert answer["store"]["available"] and answer["store"]["ping_ms"] >= 0
    [controller] = answer["controllers"]
    assert controller["leads"] and controller["answering"]
    assert controller["controller_id"] == context.presence.controller_id
    [replica] = answer["csms"]
    assert (replica["replica_id"], replica["stations_connected"], replica["memory_bytes"]) == ("c1", 12, 5)
    assert (answer["historian"]["enabled"], answer["historian"]["answers"]) == (True, False)
    assert "No historian answers" in answer["historian"]["problem"]
    assert answer["lost_workers"] == []


async def test_a_historian_that_answers_says_what_it_is_doing(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = {"state": "disk_full", "problem": "no room", "waiting": {"facts": 3}, "written": {"logs": 9}}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=status))
    client = HistorianClient("http://historian:8100", transport=transport)
    assert (await client.status()).waiting == {"facts": 3}
    monkeypatch.setattr(swarm.context.historian, "_http", client._http)
    historian = (await swarm.client.get("/services")).json()["historian"]
    assert (historian["answers"], historian["state"], historian["written"]) == (
        True,
        "disk_full",
        {"logs": 9},
    )


async def test_without_the_store_the_services_say_so(swarm: Desk) -> None:
    swarm.store.available = False
    answer = await swarm.client.get("/services")
    assert answer.status_code == 200
    assert answer.json()["store"]["available"] is False
    assert answer.json()["controllers"] == []


async def test_a_lost_workers_stations_are_followed_to_where_they_are(swarm: Desk) -> None:
    lost, other = swarm.workers
    swarm.workers.remove(lost)
    for worker in (lost, other):
        await worker.work(sent_at=swarm.clock.at)
    await swarm.look()
    await swarm.pass_time(15.0)
    [loss] = (await swarm.client.get("/services")).json()["lost_workers"]
    assert (loss["worker_id"], loss["stations"], loss["waiting"]) == (lost.worker_id, 10, 10)
    await swarm.settle()
    [loss] = (await swarm.client.get("/services")).json()["lost_workers"]
    assert (loss["taken_over"], loss["waiting"]) == ({other.worker_id: 10}, 0)


async def test_about_tells_the_run_and_what_was_set(swarm: Desk) -> None:
    answer = (await swarm.client.get("/about")).json()
    desired = swarm.context.observer.desired
    assert (answer["run"]["run_id"], answer["run"]["seed"]) == (desired.run_id, desired.seed)
    assert answer["run"]["stations"] == 20
    assert answer["version"] and answer["prometheus_url"] is None
    names = [each["name"] for each in answer["settings"]]
    assert "EVSWARM_LEASE_SECONDS" in names and len(names) == len(ControllerSettings.model_fields)


def test_secrets_are_named_and_not_shown_and_what_was_changed_stands_first() -> None:
    class Sample(BaseModel):
        alpha: int = Field(default=1)
        store_url: str = Field(default="redis://127.0.0.1/0", description="Where.")
        token: str | None = Field(default=None, repr=False)

    shown = settings_of(Sample(store_url="redis://user:secret@store:6379/1", token="hidden-one"))
    assert [each.name for each in shown] == ["EVSWARM_STORE_URL", "EVSWARM_TOKEN", "EVSWARM_ALPHA"]
    assert [each.value for each in shown] == ["store:6379/1", HIDDEN, "1"]
    assert "secret" not in str(shown) and "hidden-one" not in str(shown)


async def test_about_keeps_the_token_and_the_password_of_the_store_to_itself() -> None:
    token, password = "a-token-of-24-characters", "pass-of-the-store"
    async with open_desk(
        api_token=token, redis_url=f"redis://user:{password}@store:6379/0", stations=1
    ) as desk:
        await desk.look()
        answer = await desk.client.get("/about", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert token not in answer.text and password not in answer.text
    shown = {each["name"]: each["value"] for each in answer.json()["settings"]}
    assert (shown["EVSWARM_API_TOKEN"], shown["EVSWARM_REDIS_URL"]) == (HIDDEN, "store:6379/0")
