"""The controller's copy of all rows, with the sums over them and the marks of what changed. Pure: no store, no clock.

A row counts as it is published only while its worker is believed alive; otherwise it shows as offline, without power.
Rows are kept both decoded, for queries, and encoded, for the feed, so that nothing is encoded twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from evswarm_shared.bus.messages import StationSnapshot, StationState

HEARD_SECONDS: Final = 2.0
"""A worker that published this recently lives, even when the list of leases was read before it got its own."""

_decode = msgspec.json.Decoder(StationSnapshot).decode
_encode = msgspec.json.Encoder().encode


class Changes(msgspec.Struct, frozen=True):
    """What a feed has to say since it last asked: encoded rows and ids."""

    rows: list[str] = []
    added: list[str] = []
    deleted: list[str] = []


class Fleet:
    """All rows. Callers pass the real time of what they report.

    `membership_version` grows whenever a station comes or goes; `encoded_length` is that of all rows together.
    """

    def __init__(self) -> None:
        self.rows: dict[str, StationSnapshot] = {}
        self.states: Counter[str] = Counter()
        self.profiles: Counter[str] = Counter()
        self.workers: Counter[str] = Counter()
        self.running = 0
        self.charging = 0
        self.transactions = 0
        self.power_w = 0
        self.membership_version = 0
        self.encoded_length = 0
        self._encoded: dict[str, str] = {}
        self._published: dict[str, StationSnapshot] = {}
        self._leases: frozenset[str] = frozenset()
        self._heard: dict[str, float] = {}
        self._changed: set[str] = set()
        self._urgent: set[str] = set()
        self._added: set[str] = set()
        self._deleted: set[str] = set()

    def __len__(self) -> int:
        return len(self.rows)

    def apply(self, worker_id: str, rows: Iterable[bytes | msgspec.Raw], now: float) -> None:
        """Take rows that a worker published at `now`."""
        if worker_id:
            self._heard[worker_id] = now
        for encoded in rows:
            data = bytes(encoded)
            snapshot = _decode(data)
            self._published[snapshot.station_id] = snapshot
            self._show(snapshot, data.decode())

    def remove(self, station_ids: Iterable[str]) -> None:
        """Forget stations that are gone."""
        for station_id in station_ids:
            if self._published.pop(station_id, None) is None:
                continue
            self.membership_version += 1
            row = self.rows.pop(station_id)
            self._add(row, -1)
            self._classify(row, -1)
            self.encoded_length -= len(self._encoded.pop(station_id))
            self._changed.discard(station_id)
            self._urgent.discard(station_id)
            self._added.discard(station_id)
            # Also where no patch has told of it yet: a snapshot may have.
            self._deleted.add(station_id)

    def replace_all(self, rows: Mapping[str, bytes]) -> None:
        """Take all rows as they are stored, and forget every station that is not among them."""
        self.remove([station_id for station_id in self.rows if station_id not in rows])
        for data in rows.values():
            snapshot = _decode(data)
            if self._published.get(snapshot.station_id) != snapshot:
                self._published[snapshot.station_id] = snapshot
                self._show(snapshot, data.decode())

    def set_workers(self, leases: Iterable[str], now: float) -> None:
        """Take the workers whose lease is valid; the rows of others go offline, those of newly found ones come back."""
        self._heard = {w: at for w, at in self._heard.items() if now - at <= HEARD_SECONDS}
        before = self._leases
        self._leases = frozenset(leases) | frozenset(self._heard)
        changed = before ^ self._leases
        if not changed:
            return
        for published in self._published.values():
            if published.worker_id in changed:
                self._show(published, _encode(published).decode())

    def stations_of(self, worker_id: str) -> list[str]:
        """The stations whose row was published by this worker last."""
        return [row.station_id for row in self.rows.values() if row.worker_id == worker_id]

    def lives(self, worker_id: str) -> bool:
        """Whether the worker is believed alive."""
        return worker_id in self._leases or worker_id in self._heard

    def encoded_rows(self) -> list[str]:
        """Every row, encoded."""
        return list(self._encoded.values())

    def encoded_of(self, station_ids: Iterable[str]) -> list[str]:
        """These rows, encoded, without those that are gone."""
        found = map(self._encoded.get, station_ids)
        return [row for row in found if row is not None]

    def take_changes(self, *, urgent_only: bool) -> Changes:
        """What changed since this was last taken: everything, or only new states, new stations and removed ones."""
        take = self._urgent if urgent_only else self._changed
        changes = Changes(
            rows=[self._encoded[station_id] for station_id in take if station_id not in self._added],
            added=[self._encoded[station_id] for station_id in self._added],
            deleted=list(self._deleted),
        )
        self._changed -= take | self._added
        self._urgent = set()
        self._added = set()
        self._deleted = set()
        return changes

    def _show(self, published: StationSnapshot, encoded: str) -> None:
        station_id = published.station_id
        row = published
        if published.state is not StationState.STOPPED and not self.lives(published.worker_id):
            row = msgspec.structs.replace(published, state=StationState.OFFLINE, running=False, power_w=0)
            encoded = _encode(row).decode()
        before = self.rows.get(station_id)
        if before is None:
            self.membership_version += 1
            self._deleted.discard(station_id)
            self._added.add(station_id)
            self._classify(row, 1)
        else:
            self.encoded_length -= len(self._encoded[station_id])
            self._add(before, -1)
            if _class_of(before) != _class_of(row):
                self._classify(before, -1)
                self._classify(row, 1)
            if before.state is not row.state or before.running != row.running:
                self._urgent.add(station_id)
        self.encoded_length += len(encoded)
        self._add(row, 1)
        self.rows[station_id] = row
        self._encoded[station_id] = encoded
        self._changed.add(station_id)

    def _add(self, row: StationSnapshot, sign: int) -> None:
        """Bring along the sums, which change with almost every row."""
        self.running += sign * row.running
        self.charging += sign * (row.transactions > 0)
        self.transactions += sign * row.transactions
        self.power_w += sign * row.power_w

    def _classify(self, row: StationSnapshot, sign: int) -> None:
        """Bring along the counts of stations a kind, which seldom change."""
        counters = (self.states, self.profiles, self.workers)
        for counter, key in zip(counters, _class_of(row), strict=True):
            counter[key] += sign
            if not counter[key]:
                del counter[key]


def _class_of(row: StationSnapshot) -> tuple[str, str, str]:
    return row.state.value, row.profile, row.worker_id
