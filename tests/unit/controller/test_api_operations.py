"""The routes about operations: bulk commands, results, cancelling, asking once more."""

from typing import Any

import msgspec
import pytest

from evswarm_controller.api.stations import HandAction
from evswarm_controller.bulk_orders import BulkAction
from evswarm_controller.operation_progress import ANSWER_SECONDS, LOST_SECONDS, STALL_SECONDS
from evswarm_shared.bus.messages import (
    CommandOutcome,
    CommandTarget,
    CsmsHeartbeat,
    OperationKind,
    OperationSnapshot,
    OperationState,
)
from evswarm_shared.bus.operation_results import StationOutcome, StationResult
from tests.unit.controller.desk import Desk, row
from tests.unit.controller.test_api_stations import answering

ALL = [f"CP-{index:06d}" for index in range(1, 21)]


async def order(desk: Desk, action: str = "fault", wanted: object = None, **more: Any) -> dict[str, Any]:
    """A bulk command, accepted."""
    body = {"filter": wanted or {}, "action": action, **more}
    answer = await desk.client.post("/stations/bulk", json=body)
    assert answer.status_code == 202, answer.text
    view: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/operations/{view['operation_id']}"
    assert answer.headers["operation-id"] == view["operation_id"]
    return view


async def results(desk: Desk, operation_id: str, **params: str) -> Any:
    """The results as pages have them."""
    answer = await desk.client.get(f"/operations/{operation_id}/results", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_many_can_be_had_do_what_one_can_and_be_started_and_stopped() -> None:
    assert {each.value for each in BulkAction} == {each.value for each in HandAction} | {"start", "stop"}


async def test_a_bulk_command_is_an_operation_on_the_stations_of_the_filter(swarm: Desk) -> None:
    view = await order(
        swarm, "fault", {"worker": "w2", "q": "CP-00001"}, payload={"info": "hot"}, timeout_seconds=30
    )
    assert (view["kind"], view["action"], view["state"], view["target"]) == ("bulk", "fault", "running", 9)
    assert view["expires_at"] > view["created_at"]
    page = await results(swarm, view["operation_id"])
    assert [item["station_id"] for item in page["items"]] == ALL[10:19]
    assert {(item["outcome"], item["reason"]) for item in page["items"]} == {("pending", "")}
    stored = await swarm.context.bus.read_operation(view["operation_id"])
    assert stored is not None and bytes(stored.payload) == b'{"info":"hot"}'


async def test_a_preview_says_what_it_would_be_about_and_does_nothing(swarm: Desk) -> None:
    await swarm.workers[0].publish([row("CP-000001", transactions=2), row("CP-000002", transactions=1)])
    await swarm.look()
    answer = await swarm.client.post(
        "/stations/bulk", json={"filter": {"station_ids": ALL[:3]}, "action": "stop", "preview": True}
    )
    assert (answer.status_code, answer.json()) == (200, {"matches": 3, "active_transactions": 3})
    nobody = await swarm.client.post(
        "/stations/bulk", json={"filter": {"q": "nothing"}, "action": "stop", "preview": True}
    )
    assert nobody.json() == {"matches": 0, "active_transactions": 0}
    assert (await swarm.client.get("/operations")).json() == {"operations": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "fault"}, "filter"),
        ({"filter": {}, "action": "dance"}, "action"),
        ({"filter": {}, "action": "set_autonomous"}, "action"),
        ({"filter": {"status": "flying"}, "action": "fault"}, "status"),
        ({"filter": {"colour": "red"}, "action": "fault"}, "filter.colour"),
        ({"filter": {}, "action": "start", "payload": {}}, "payload"),
        ({"filter": {}, "action": "fault", "payload": {"error_code": "Bored"}}, "payload.error_code"),
        ({"filter": {}, "action": "fault", "timeout_seconds": 0}, "timeout_seconds"),
        ({"filter": {}, "action": "fault", "timeout_seconds": 3601}, "timeout_seconds"),
        (
            {
                "filter": {},
                "action": "set_configuration",
                "payload": {"key": "AuthorizationKey", "value": "x"},
            },
            "payload.key",
        ),
    ],
)
async def test_a_bad_bulk_command_names_the_field_and_leaves_nothing(
    swarm: Desk, body: dict[str, object], field: str
) -> None:
    answer = await swarm.client.post("/stations/bulk", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert (await swarm.client.get("/operations")).json() == {"operations": []}


@pytest.mark.parametrize("wanted", [{"station_ids": ["CP-000001", "CP-9"]}, {"q": "nothing"}])
async def test_a_bulk_command_to_nobody_is_refused(swarm: Desk, wanted: dict[str, object]) -> None:
    answer = await swarm.client.post("/stations/bulk", json={"filter": wanted, "action": "fault"})
    assert answer.status_code == 404
    assert (await swarm.client.get("/operations")).json() == {"operations": []}


async def test_results_are_filtered_and_paged_by_station(swarm: Desk) -> None:
    operation_id = (await order(swarm))["operation_id"]
    bus = swarm.context.bus
    await bus.write_results(
        operation_id,
        [
            *(StationResult(each, StationOutcome.SUCCEEDED) for each in ALL[:10]),
            StationResult(ALL[10], StationOutcome.FAILED, "no"),
            StationResult(ALL[11], StationOutcome.UNKNOWN, "?"),
        ],
    )
    assert await bus.begin_results(operation_id, [ALL[12]]) == [ALL[12]]
    failed = await results(swarm, operation_id, outcome="failed")
    assert failed == {
        "items": [
            {"station_id": ALL[10], "outcome": "failed", "reason": "no"},
            {"station_id": ALL[11], "outcome": "unknown", "reason": "?"},
        ],
        "total": 2,
        "next_cursor": None,
    }
    pending = await results(swarm, operation_id, outcome="pending")
    assert [item["outcome"] for item in pending["items"]] == ["running", *["pending"] * 7]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await results(swarm, operation_id, outcome="succeeded", limit="4", cursor=cursor)
        assert page["total"] == 10
        seen += [item["station_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ALL[:10]


async def test_operations_are_listed_newest_first_whoever_took_them(swarm: Desk) -> None:
    first = await order(swarm)
    swarm.clock.at += 1
    scale = (await swarm.client.post("/stations/scale", json={"count": 21})).json()
    listed = (await swarm.client.get("/operations")).json()["operations"]
    assert [each["operation_id"] for each in listed] == [scale["operation_id"], first["operation_id"]]
    one = (await swarm.client.get("/operations", params={"limit": 1})).json()["operations"]
    assert [each["kind"] for each in one] == ["scale"]


@pytest.mark.parametrize("path", ["results", "cancel", "retry"])
async def test_an_operation_that_never_was_is_unknown(swarm: Desk, path: str) -> None:
    method = "GET" if path == "results" else "POST"
    answer = await swarm.client.request(method, f"/operations/bulk-0/{path}", json={})
    assert answer.status_code == 404


# --- scaling --------------------------------------------------------------------------------------------------


async def test_a_scale_operation_names_those_that_are_late(swarm: Desk) -> None:
    view = (await swarm.client.post("/stations/scale", json={"count": 22})).json()
    page = await results(swarm, view["operation_id"])
    assert page["items"] == [
        {"station_id": each, "outcome": "pending", "reason": "It does not run yet."}
        for each in ("CP-000021", "CP-000022")
    ]
    await swarm.pass_time(STALL_SECONDS + 10)
    assert (await swarm.client.get(f"/operations/{view['operation_id']}")).json()["state"] == "failed"
    failed = await results(swarm, view["operation_id"], outcome="failed")
    assert [item["station_id"] for item in failed["items"]] == ["CP-000021", "CP-000022"]
    again = await swarm.client.post(f"/operations/{view['operation_id']}/retry", json={})
    assert (again.status_code, again.json()["kind"], again.json()["target"]) == (202, "scale", 2)


async def test_a_cancelled_growth_keeps_what_has_begun(swarm: Desk) -> None:
    view = (await swarm.client.post("/stations/scale", json={"count": 30})).json()
    await swarm.look()
    worker = swarm.workers[0]
    await worker.bus.claim("w1", worker.epoch, ["CP-000022", "CP-000024"])
    begun = [row(each, worker_id="w1", running=False) for each in ("CP-000022", "CP-000024")]
    await worker.publish(begun)
    await swarm.look()
    answer = await swarm.client.post(f"/operations/{view['operation_id']}/cancel", json={})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    desired = swarm.context.observer.desired
    assert (desired.count, sorted(desired.stopped)) == (24, ["CP-000021", "CP-000023"])
    await swarm.settle()
    after = (await swarm.client.get(f"/operations/{view['operation_id']}")).json()
    assert (after["state"], after["message"]) == (
        "cancelled",
        "Cancelled at station 24; 2 up to there stay stopped.",
    )
    again = await swarm.client.post(f"/operations/{view['operation_id']}/cancel", json={})
    assert (again.status_code, again.json()["title"]) == (409, "Conflict")


async def test_a_cancelled_growth_is_retried_to_the_size_and_at_the_pace_that_were_asked_for(
    swarm: Desk,
) -> None:
    asked = {"count": 30, "ramp_per_second": 0.5}
    view = (await swarm.client.post("/stations/scale", json=asked)).json()
    await swarm.client.post(f"/operations/{view['operation_id']}/cancel", json={})
    assert swarm.context.observer.desired.count == 20
    again = await swarm.client.post(f"/operations/{view['operation_id']}/retry", json={})
    assert (again.status_code, again.json()["target"]) == (202, 10)
    desired = swarm.context.observer.desired
    assert (desired.count, desired.ramp_per_second) == (30, 0.5)


async def test_a_cancelled_growth_keeps_what_was_stopped_before(swarm: Desk) -> None:
    await swarm.context.wishes.stop("CP-000020")
    await swarm.settle()
    view = (await swarm.client.post("/stations/scale", json={"count": 60})).json()
    await swarm.context.wishes.stop("CP-000060")
    await swarm.look()
    await swarm.client.post(f"/operations/{view['operation_id']}/cancel", json={})
    await swarm.settle()
    desired = swarm.context.observer.desired
    assert (desired.count, sorted(desired.stopped)) == (20, ["CP-000020"])
    assert (await swarm.client.get("/stations/CP-000020")).json()["status"] == "Stopped"


async def test_a_cancelled_shrinking_keeps_what_is_there(swarm: Desk) -> None:
    view = (await swarm.client.post("/stations/scale", json={"count": 5})).json()
    swarm.context.fleet.remove(["CP-000019", "CP-000020"])
    await swarm.client.post(f"/operations/{view['operation_id']}/cancel", json={})
    desired = swarm.context.observer.desired
    assert (desired.count, desired.stopped) == (18, frozenset())
    assert await swarm.context.bus.read_operation(view["operation_id"]) is not None


async def test_a_single_start_cannot_be_cancelled_or_asked_again(swarm: Desk) -> None:
    operation = await swarm.context.wishes.stop("CP-000001")
    assert operation is not None
    answer = await swarm.client.post(f"/operations/{operation.operation_id}/cancel", json={})
    assert answer.status_code == 409
    assert "Only scale and bulk" in answer.json()["detail"]


# --- single commands ------------------------------------------------------------------------------------------


async def test_an_action_by_hand_is_an_operation_with_its_end(swarm: Desk) -> None:
    async with answering(
        swarm,
        CommandTarget.WORKER,
        "w1",
        outcome=CommandOutcome.DONE,
        payload=msgspec.Raw(msgspec.json.encode(row("CP-000001"))),
    ):
        answer = await swarm.client.post("/stations/CP-000001/actions/reconnect", json={})
    view = (await swarm.client.get(f"/operations/{answer.headers['operation-id']}")).json()
    assert (view["kind"], view["action"], view["state"], view["done"]) == (
        "action",
        "reconnect",
        "succeeded",
        1,
    )
    page = await results(swarm, view["operation_id"])
    assert page["items"] == [{"station_id": "CP-000001", "outcome": "succeeded", "reason": ""}]


async def test_a_command_that_fails_names_its_operation_and_why(swarm: Desk) -> None:
    bus = swarm.context.bus
    await bus.station_connected("csms-1", "CP-000001")
    await bus.csms_heartbeat(CsmsHeartbeat(replica_id="csms-1"), 60.0)
    async with answering(
        swarm,
        CommandTarget.CSMS,
        "csms-1",
        outcome=CommandOutcome.CALL_ERROR,
        error_code="NotSupported",
        description="no",
    ):
        answer = await swarm.client.post("/csms/stations/CP-000001/commands/Reset", json={"type": "Hard"})
    assert answer.status_code == 502
    view = (await swarm.client.get(f"/operations/{answer.headers['operation-id']}")).json()
    assert (view["kind"], view["action"], view["state"]) == ("command", "Reset", "failed")
    page = await results(swarm, view["operation_id"], outcome="failed")
    assert page["items"] == [{"station_id": "CP-000001", "outcome": "failed", "reason": "NotSupported no"}]
    again = await swarm.client.post(f"/operations/{view['operation_id']}/retry", json={})
    assert again.status_code == 409


async def test_an_operation_whose_controller_ended_is_ended_by_the_leader_in_honest_words(
    swarm: Desk,
) -> None:
    now = swarm.clock()
    left = OperationSnapshot(
        operation_id="action-1",
        kind=OperationKind.ACTION,
        generation=0,
        state=OperationState.RUNNING,
        target=1,
        created_at=now,
        updated_at=now,
        station_ids=("CP-000001",),
        expires_at=now + 5,
    )
    wish = msgspec.structs.replace(left, operation_id="stop-1", kind=OperationKind.STOP, generation=99)
    await swarm.context.bus.write_operation(left)
    await swarm.context.bus.write_operation(wish)
    await swarm.look()
    assert swarm.context.observer.operations["action-1"].state is OperationState.RUNNING
    await swarm.pass_time(max(5 + ANSWER_SECONDS, LOST_SECONDS) + 5)
    for name, words in (("action-1", "not known"), ("stop-1", "given up")):
        view = (await swarm.client.get(f"/operations/{name}")).json()
        assert (view["state"], view["failed"]) == ("failed", 1)
        assert words in view["message"]
