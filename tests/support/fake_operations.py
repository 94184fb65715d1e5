"""Operations of the made-up swarm: commands to many stations, with a result for each."""

import time
from collections.abc import Iterable
from typing import Any

from evswarm_shared.bus.messages import StationState
from tests.support.fake_swarm import COLUMN, FakeSwarm, Row

STATE_AFTER = {
    "start": StationState.BOOTING,
    "stop": StationState.STOPPED,
    "fault": StationState.FAULTED,
    "clear_fault": StationState.AVAILABLE,
}


def matching(swarm: FakeSwarm, wanted: dict[str, Any]) -> list[Row]:
    """The rows that a filter of the API means."""
    ids = wanted.get("station_ids")
    text, status = str(wanted.get("q", "")).lower(), str(wanted.get("status", "")).lower()
    found = []
    for row in swarm.rows.values():
        state = str(row[COLUMN["state"]]).lower()
        is_meant = {
            "": True,
            "running": row[COLUMN["running"]],
            "in transaction": row[COLUMN["transactions"]] > 0,
        }.get(status, state == status)
        words = (row[0], row[COLUMN["worker_id"]], row[COLUMN["profile"]], row[COLUMN["last_message"]])
        if (
            (ids is None or row[0] in ids)
            and is_meant
            and wanted.get("worker", "") in ("", row[COLUMN["worker_id"]])
            and wanted.get("profile", "") in ("", row[COLUMN["profile"]])
            and any(text in str(word).lower() for word in words)
        ):
            found.append(row)
    return found


class FakeOperations:
    """Bulk operations that do `per_tick` stations a tick and fail for the ids in `swarm.unwilling`."""

    def __init__(self, swarm: FakeSwarm) -> None:
        self.swarm = swarm
        self.known: dict[str, dict[str, Any]] = {}
        self.results: dict[str, dict[str, tuple[str, str]]] = {}
        self.asked: list[dict[str, Any]] = []

    def begin(self, action: str, ids: Iterable[str]) -> dict[str, Any]:
        """A new operation on these stations."""
        now = time.time()
        results = dict.fromkeys(ids, ("pending", ""))
        operation: dict[str, Any] = {
            "id": f"bulk-{len(self.known) + 1}", "kind": "bulk", "action": action, "state": "running", "done": 0,
            "total": len(results), "failed": 0, "message": "", "created_at": now, "updated_at": now,
        }  # fmt: skip
        self.known[operation["id"]] = operation
        self.results[operation["id"]] = results
        self.swarm.publish({"type": "op", **operation})
        return operation

    def step(self) -> list[Row]:
        """One tick of every operation; the rows that it changed."""
        changed = []
        for operation in self.known.values():
            if operation["state"] != "running":
                continue
            results = self.results[operation["id"]]
            due = [each for each, (outcome, _) in results.items() if outcome == "pending"][
                : self.swarm.per_tick
            ]
            for each in due:
                row = self.swarm.rows.get(each)
                if row is None or each in self.swarm.unwilling:
                    results[each] = (
                        "failed",
                        "It did not answer in time" if row else "There is no such station",
                    )
                    continue
                results[each] = ("succeeded", "")
                if operation["action"] in STATE_AFTER:
                    self.swarm.move(row, time.time(), STATE_AFTER[operation["action"]])
                    changed.append(row)
            outcomes = [outcome for outcome, _ in results.values()]
            operation |= {
                "done": outcomes.count("succeeded"),
                "failed": outcomes.count("failed"),
                "updated_at": time.time(),
            }
            if "pending" not in outcomes:
                operation["state"] = "failed" if operation["failed"] else "succeeded"
            self.swarm.publish({"type": "op", **operation})
        return changed

    def cancel(self, key: str) -> dict[str, Any]:
        """What has not begun is not begun."""
        operation = self.known[key]
        operation |= {"state": "cancelled", "updated_at": time.time()}
        self.swarm.publish({"type": "op", **operation})
        return operation

    def retry(self, key: str) -> dict[str, Any]:
        """Those that failed, again."""
        failed = [each for each, (outcome, _) in self.results[key].items() if outcome == "failed"]
        return self.begin(self.known[key]["action"], failed)

    def page(self, key: str, outcome: str, offset: int, limit: int) -> dict[str, Any]:
        """A page of results."""
        items = [
            {"station_id": each, "outcome": became, "reason": reason}
            for each, (became, reason) in self.results[key].items()
            if outcome in ("", became)
        ]
        more = offset + limit < len(items)
        return {
            "items": items[offset : offset + limit],
            "next_cursor": str(offset + limit) if more else None,
        }
