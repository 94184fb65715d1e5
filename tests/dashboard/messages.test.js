import assert from "node:assert/strict";
import { test } from "node:test";
import {
  line,
  parts,
  pretty,
} from "../../services/controller/evswarm_controller/dashboard/static/js/messages/json_text.js";
import {
  ANYTHING,
  MessageLog,
  MOST_LIVE,
  subscriptionOf,
} from "../../services/controller/evswarm_controller/dashboard/static/js/messages/message_log.js";

/** @param {number} n @param {object} [more] */
const record = (n, more = {}) => ({
  at: new Date(Date.UTC(2026, 10, 22, 12, 0, 0, n)).toISOString(),
  station_id: "CP-000001",
  side: "station",
  direction: "from_station",
  action: "Heartbeat",
  unique_id: `u-${n}`,
  outcome: "answered",
  round_trip_ms: 1,
  error_code: "",
  request: {},
  response: {},
  ...more,
});

test("messages stand newest first, each once, wherever they came from", () => {
  const log = new MessageLog();
  log.take([record(1), record(3)], 0);
  log.takeOlder({ items: [record(1), record(0)], next_cursor: null });
  log.take([record(2), record(3)], 4);
  assert.deepEqual(
    log.records().map((each) => each.unique_id),
    ["u-3", "u-2", "u-1", "u-0"],
  );
  assert.equal(log.skipped, 4);
});

test("the oldest live messages go, those of the history stay", () => {
  const log = new MessageLog();
  log.takeOlder({ items: [record(0)], next_cursor: "9" });
  log.take(
    Array.from({ length: MOST_LIVE + 5 }, (_, n) => record(n + 1)),
    0,
  );
  const shown = log.records();
  assert.equal(shown.length, MOST_LIVE + 1);
  assert.equal(shown[0]?.unique_id, `u-${MOST_LIVE + 5}`);
  assert.equal(shown.at(-1)?.unique_id, "u-0");
});

test("a paused list stands still and shows afterwards what came meanwhile", () => {
  const log = new MessageLog();
  log.take([record(1)], 0);
  log.pause(true);
  log.take([record(2)], 0);
  assert.equal(log.records().length, 1);
  assert.equal(log.held.size, 1);
  log.pause(false);
  assert.equal(log.records().length, 2);
  assert.equal(log.held.size, 0);
});

test("the history is asked from the oldest message shown, then by its cursor", () => {
  const log = new MessageLog();
  const filter = { ...ANYTHING, station: "CP-000001", errors: true, since: "2026-11-22T00:00:00Z" };
  assert.equal(log.question(filter).until, "");
  log.take([record(500), record(700)], 0);
  const first = log.question(filter);
  assert.equal(first.until, String(Date.UTC(2026, 10, 22, 12, 0, 0, 501) / 1000));
  assert.equal(first.status, "failed");
  assert.equal(first.since, filter.since);
  log.takeOlder({ items: [record(1)], next_cursor: "17" });
  const second = log.question(filter);
  assert.equal(second.cursor, "17");
  assert.equal(second.until, "");
  assert.equal(log.question({ ...filter, until: "2026-11-22T13:00:00Z" }).until, "2026-11-22T13:00:00Z");
});

test("a subscription names only what is narrowed", () => {
  assert.deepEqual(subscriptionOf(ANYTHING), {});
  assert.deepEqual(subscriptionOf({ ...ANYTHING, station: "A", errors: true, since: "x" }), {
    station: "A",
    errors: true,
  });
});

test("the parts of a payload put together are the payload, and keys differ from strings", () => {
  const value = { idTag: 'a "b": c', ok: true, n: -1.5e3, none: null, list: [1, "two"] };
  const found = parts(value);
  assert.equal(found.map(({ text }) => text).join(""), pretty(value));
  assert.deepEqual(
    found.filter(({ kind }) => kind === "key").map(({ text }) => text),
    ['"idTag"', '"ok"', '"n"', '"none"', '"list"'],
  );
  assert.ok(found.some(({ text, kind }) => text === "true" && kind === "word"));
  assert.ok(found.some(({ text, kind }) => text === "-1500" && kind === "number"));
});

test("a payload in one line names its fields and counts its lists", () => {
  assert.equal(
    line({ connectorId: 1, meterValue: [1, 2], info: { status: "Accepted" } }),
    "connectorId 1 · meterValue ×2 · info {status Accepted}",
  );
  assert.equal(line(null), "");
  assert.ok(line({ data: "x".repeat(999) }).length <= 160);
});

test("what was on its way to the history when the feed began is shown once, and waits while the list stands still", () => {
  const log = new MessageLog();
  log.takeOlder({ items: [record(1)], next_cursor: null });
  log.take([record(3)], 0);
  log.takeMissed([record(3), record(2), record(1)]);
  assert.deepEqual(
    log.records().map((shown) => shown.unique_id),
    ["u-3", "u-2", "u-1"],
  );
  log.pause(true);
  log.takeMissed([record(4)]);
  assert.equal(log.records().length, 3);
  log.pause(false);
  assert.equal(log.records()[0].unique_id, "u-4");
});
