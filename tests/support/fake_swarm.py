"""Made-up stations that come, go and change as those of a swarm do, in the frames of the live feed."""

import asyncio
import random
import time
from collections import Counter
from typing import Any, Final

import msgspec

from evswarm_shared.bus.messages import ROW_FIELDS, ProfileName, StationState

TICK: Final = 0.5
PART: Final = 2000
COLUMN: Final = {name: i for i, name in enumerate(ROW_FIELDS)}
CONNECTOR_OF: Final = {
    StationState.CHARGING: "Charging",
    StationState.SUSPENDED: "SuspendedEVSE",
    StationState.OCCUPIED: "Preparing",
    StationState.FAULTED: "Faulted",
    StationState.RESERVED: "Reserved",
    StationState.UNAVAILABLE: "Unavailable",
}
MOODS: Final = [
    (StationState.AVAILABLE, 40),
    (StationState.CHARGING, 36),
    (StationState.SUSPENDED, 7),
    (StationState.OCCUPIED, 6),
    (StationState.FAULTED, 2),
    (StationState.UNAVAILABLE, 2),
    (StationState.RESERVED, 2),
    (StationState.OFFLINE, 2),
    (StationState.BOOTING, 2),
]
MESSAGES: Final = ("MeterValues", "Heartbeat", "StatusNotification", "StartTransaction", "Authorize")

TREND_FIELDS: Final = [
    "t", "stations", "desired", "running", "charging", "power_w", "energy_mwh", "earnings_micro", "price",
    "messages_per_second", "round_trip_p95_ms",
]  # fmt: skip

WINDOW_SORTS: Final = {
    "status": "state", "power_kw": "power_w", "session_kwh": "session_wh", "energy_kwh": "energy_mwh",
    "earnings": "earnings_micro",
}  # fmt: skip

Row = list[Any]


class FakeSwarm:
    """Made-up stations, the feed's sequence and everything the routes need."""

    def __init__(self, stations: int, workers: int = 3, seed: int = 1, ramp: float = 400.0) -> None:
        """Start with `stations` rows; `ramp` rows a second come and go when scaled."""
        self.random = random.Random(seed)
        self.workers = workers
        self.ramp = ramp
        self.rows: dict[str, Row] = {}
        self.desired = stations
        self.generation = 1
        self.epoch = f"{time.time():.3f}"
        self.seq = 0
        self.price = 0.3
        self.price_version = 1
        self.energy = 0
        self.earnings = 0
        self.operation: dict[str, Any] | None = None
        self.trend: list[list[float]] = []
        self.clients: set[asyncio.Queue[bytes]] = set()
        self.log_requests: Counter[str] = Counter()
        self.fail_logs = False
        self.silent = False
        self.workers_alive = True
        self.lost_workers: list[str] = []
        self.mode = "all"
        self.history = True
        self.grafana: str | None = None
        self.per_tick = 100
        self.unwilling: set[str] = set()
        self.bulk_requests: list[dict[str, Any]] = []
        self.refuse_feed = False
        self.token_required = False
        self.signed_in = False
        self.empty_logs = False
        self.fail_history = False
        self.hold_snapshot = False
        self.restless = False
        self.conditions: dict[str, float | None] = {
            "clock_factor": 1.0,
            "grid_load": None,
            "carbon_intensity": None,
        }
        self.client_messages: list[Any] = []
        now = time.time()
        for index in range(1, stations + 1):
            self.add(index, now)

    def add(self, index: int, now: float) -> Row:
        """A new station in a likely state."""
        draw = self.random
        profile = list(ProfileName)[index % len(ProfileName)]
        row: Row = [
            f"CP-{index:06d}", "", [], f"worker-{index % self.workers + 1}", profile.value, True, 0, 0, 0,
            draw.randrange(0, 400_000_000), draw.randrange(0, 120_000_000), "BootNotification", now, now,
        ]  # fmt: skip
        self.energy += row[COLUMN["energy_mwh"]]
        self.earnings += row[COLUMN["earnings_micro"]]
        self.move(row, now)
        self.rows[row[0]] = row
        return row

    def move(self, row: Row, now: float, state: StationState | None = None) -> None:
        """Put a station into `state`, or into one drawn by likelihood."""
        draw = self.random
        if state is None:
            state = draw.choices([m for m, _ in MOODS], [w for _, w in MOODS])[0]
        count = 1 + sum(map(ord, row[0])) % 2
        quiet = state in (StationState.STOPPED, StationState.OFFLINE, StationState.BOOTING)
        first = "Unavailable" if quiet else CONNECTOR_OF.get(state, "Available")
        row[COLUMN["state"]] = state.value
        row[COLUMN["connectors"]] = [first] + ["Available"] * (count - 1)
        row[COLUMN["running"]] = not quiet
        row[COLUMN["transactions"]] = int(state in (StationState.CHARGING, StationState.SUSPENDED))
        row[COLUMN["power_w"]] = (
            draw.choice([3680, 7360, 11_000, 22_000, 50_000, 150_000]) if state == "Charging" else 0
        )
        row[COLUMN["session_wh"]] = draw.randrange(200, 30_000) if row[COLUMN["transactions"]] else 0
        row[COLUMN["changed_at"]] = now

    def step(self, now: float) -> dict[str, Any]:
        """One tick: the patch frame of it."""
        self.seq += 1
        changed: dict[str, Row] = {}
        for row in self.rows.values():
            if row[COLUMN["state"]] == StationState.STOPPED:
                continue
            if self.random.random() < 0.01:
                self.move(row, now)
                row[COLUMN["last_message"]] = "StatusNotification"
            elif row[COLUMN["power_w"]] > 0 and self.seq % 2 == 0:
                watts = row[COLUMN["power_w"]] = max(
                    1400, int(row[COLUMN["power_w"]] * self.random.uniform(0.98, 1.02))
                )
                energy = int(watts * 1000 / 3600)
                row[COLUMN["energy_mwh"]] += energy
                row[COLUMN["session_wh"]] += energy // 1000
                row[COLUMN["earnings_micro"]] += int(energy * self.price)
                self.energy += energy
                self.earnings += int(energy * self.price)
                row[COLUMN["last_message"]] = "MeterValues"
            elif not (self.restless and self.seq % 2 == 0):
                continue
            row[COLUMN["last_message_at"]] = now
            changed[row[0]] = row
        added, deleted = self._approach(now)
        for gone in deleted:
            changed.pop(gone, None)
        aggregate = self.aggregate()
        if self.seq % 4 == 0:
            self.trend.append([now, *(aggregate[f] for f in TREND_FIELDS[1:])])
            del self.trend[:-450]
        frame: dict[str, Any] = {"type": "patch", "seq": self.seq, "t": now, "agg": aggregate}
        if self.mode == "window":
            return frame
        if changed:
            frame["rows"] = list(changed.values())
        if added:
            frame["add"] = added
        if deleted:
            frame["del"] = deleted
        return frame

    def _approach(self, now: float) -> tuple[list[Row], list[str]]:
        step = max(1, int(self.ramp * TICK)) if self.ramp else 0
        have = len(self.rows)
        added = [self.add(i, now) for i in range(have + 1, min(self.desired, have + step) + 1)]
        deleted = [f"CP-{i:06d}" for i in range(max(self.desired, have - step) + 1, have + 1)]
        for gone in deleted:
            del self.rows[gone]
        if self.operation is not None and self.operation["state"] == "running":
            left = abs(self.desired - len(self.rows))
            self.operation |= {"done": self.operation["total"] - left, "updated_at": now}
            if left == 0:
                self.operation["state"] = "succeeded"
            self.publish({"type": "op", **self.operation})
        return added, deleted

    def aggregate(self) -> dict[str, Any]:
        """The numbers over all stations."""
        rows = self.rows.values()
        workers = {f"worker-{i + 1}": 0 for i in range(self.workers)}
        return {
            "stations": len(rows),
            "desired": self.desired,
            "count": self.desired,
            "id_prefix": "CP-",
            "running": sum(r[COLUMN["running"]] for r in rows),
            "charging": sum(r[COLUMN["transactions"]] > 0 for r in rows),
            "transactions": sum(r[COLUMN["transactions"]] for r in rows),
            "power_w": sum(r[COLUMN["power_w"]] for r in rows),
            "energy_mwh": self.energy,
            "earnings_micro": self.earnings,
            "price": self.price,
            "price_version": self.price_version,
            "states": Counter(r[COLUMN["state"]] for r in rows),
            "profiles": Counter(r[COLUMN["profile"]] for r in rows),
            "workers": workers | Counter(r[COLUMN["worker_id"]] for r in rows) if self.workers_alive else {},
            "generation": self.generation,
            "store": True,
            "messages_per_second": round(len(rows) / 9 + self.seq % 7, 1),
            "round_trip_p95_ms": round(2.5 + self.seq % 5 / 10, 2),
            "lost_workers": self.lost_workers,
        }

    def hello(self) -> dict[str, Any]:
        """The first frame of a connection."""
        return {
            "type": "hello", "v": 1, "version": "0.1.0", "epoch": self.epoch, "seq": self.seq, "tick": TICK,
            "fields": list(ROW_FIELDS), "currency": "EUR", "states": [s.value for s in StationState],
            "profiles": [p.value for p in ProfileName], "trend": {"fields": TREND_FIELDS, "points": self.trend},
            "mode": self.mode, "window_above": 30_000, "grafana": self.grafana, "history": self.history,
        }  # fmt: skip

    def snapshot(self) -> list[dict[str, Any]]:
        """All rows, in parts; none where they are sent in windows."""
        rows = list(self.rows.values()) if self.mode == "all" else []
        parts = max(1, -(-len(rows) // PART))
        frames: list[dict[str, Any]] = [
            {
                "type": "snapshot",
                "seq": self.seq,
                "part": p + 1,
                "parts": parts,
                "rows": rows[p * PART : (p + 1) * PART],
            }
            for p in range(parts)
        ]
        frames[-1]["agg"] = self.aggregate()
        return frames

    def window(self, asked: dict[str, Any], matching: list[Row]) -> dict[str, Any]:
        """The rows of one window, as `asked` sorts them, of those that match."""
        column = COLUMN[WINDOW_SORTS.get(asked["sort"], asked["sort"])]
        matching.sort(key=lambda row: row[column], reverse=asked["dir"] == "desc")
        rows = self.rows.values()
        return {
            "type": "window", "seq": self.seq, "offset": asked["offset"], "total": len(matching),
            "rows": matching[asked["offset"] : asked["offset"] + asked["limit"]],
            "facets": {
                "states": Counter(r[COLUMN["state"]] for r in rows),
                "workers": Counter(r[COLUMN["worker_id"]] for r in rows),
                "profiles": Counter(r[COLUMN["profile"]] for r in rows),
            },
        }  # fmt: skip

    def publish(self, frame: dict[str, Any]) -> None:
        """Send a frame to every client."""
        data = msgspec.json.encode(frame)
        for queue in self.clients:
            queue.put_nowait(data)

    def scale(self, count: int) -> dict[str, Any]:
        """Ask for another number of stations."""
        now = time.time()
        self.generation += 1
        total = abs(count - len(self.rows))
        self.desired = count
        self.operation = {
            "id": f"op-{self.generation}", "kind": "scale", "state": "running", "done": 0, "total": total,
            "failed": 0, "message": "", "created_at": now, "updated_at": now,
        }  # fmt: skip
        return {"operation_id": self.operation["id"], "generation": self.generation}

    def cancel(self) -> None:
        """Let what runs stay, and nothing more come or go."""
        self.desired = len(self.rows)
        if self.operation is not None:
            self.operation |= {"state": "cancelled", "updated_at": time.time()}
            self.publish({"type": "op", **self.operation})
