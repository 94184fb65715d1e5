import assert from "node:assert/strict";
import { test } from "node:test";
import {
  actionsIn,
  EVERYTHING,
  entriesOf,
  entryOf,
  exportQuery,
  matches,
  merged,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/log_entries.js";

const line = (at, text, level = "info") => ({ at, time: "10:00:00", kind: "boot", level, text });
const call = (at, change = {}) => ({
  at,
  kind: "call",
  id: `m${at}`,
  direction: "from_station",
  action: "Heartbeat",
  unique_id: "u1",
  outcome: "answered",
  round_trip_ms: 3,
  error_code: "",
  request: {},
  response: { currentTime: "x" },
  ...change,
});

test("a server that knows lines only is understood, newest first", () => {
  const entries = entriesOf({ logs: ["[10:00:00] one", "[10:00:01] two: [x]", "odd"] });
  assert.deepEqual(
    entries.map(({ time, text }) => [time, text]),
    [
      ["", "odd"],
      ["10:00:01", "two: [x]"],
      ["10:00:00", "one"],
    ],
  );
});

test("a line of unknown moment keeps its place behind the one before it", () => {
  const entries = merged(entriesOf({ entries: [line(5, "a"), line(null, "b"), line(7, "c")] }), []);
  assert.deepEqual(
    entries.map(({ text }) => text),
    ["c", "b", "a"],
  );
});

test("the same entry from the log and from the history stands once", () => {
  const kept = entriesOf({ entries: [line(5, "boot"), call(6)] });
  const past = [
    entryOf({ ...call(6), at: "1970-01-01T00:00:06Z", kind: undefined }),
    entryOf({ id: "9", at: "1970-01-01T00:00:05Z", kind: "boot", level: "info", text: "[10:00:00] boot" }),
  ];
  assert.equal(merged(kept, past).length, 2);
});

test("chips and words pick lines, calls of a direction, an action, or what went wrong", () => {
  const entries = entriesOf({
    entries: [
      line(1, "Boot accepted"),
      line(2, "Connection lost", "warning"),
      call(3),
      call(4, { direction: "to_station", action: "Reset", outcome: "error", error_code: "NotSupported" }),
    ],
  });
  const picked = (change) =>
    entries.filter((entry) => matches(entry, { ...EVERYTHING, ...change })).map(({ at }) => at);
  assert.deepEqual(picked({}), [4, 3, 2, 1]);
  assert.deepEqual(picked({ show: "lines" }), [2, 1]);
  assert.deepEqual(picked({ show: "from_station" }), [3]);
  assert.deepEqual(picked({ show: "to_station" }), [4]);
  assert.deepEqual(picked({ show: "problems" }), [4, 2]);
  assert.deepEqual(picked({ action: "Heartbeat" }), [3]);
  assert.deepEqual(picked({ text: "CURRENTTIME" }), [4, 3]);
  assert.deepEqual(picked({ text: "notsupported" }), [4]);
  assert.deepEqual(actionsIn(entries), ["Heartbeat", "Reset"]);
});

test("an export is asked for with what the server can filter by", () => {
  assert.equal(exportQuery(EVERYTHING), "");
  assert.equal(
    exportQuery({ show: "to_station", action: "Reset", text: " a b " }),
    "direction=to_station&action=Reset&text=a+b",
  );
});
