import assert from "node:assert/strict";
import { test } from "node:test";
import { OlderEntries } from "../../services/controller/evswarm_controller/dashboard/static/js/state/older_entries.js";

const item = (at, change = {}) => ({
  id: `${at}`,
  at: new Date(at * 1000).toISOString(),
  text: `t${at}`,
  ...change,
});
const calls = { action: "Heartbeat", outcome: "answered", round_trip_ms: 1 };
const times = (older) => older.shown().map(({ at }) => at);

test("lines and calls are shown in one order, and none before a newer one of the other kind can come", () => {
  const older = new OlderEntries(100);
  assert.deepEqual(older.next(), ["logs", "messages"]);
  older.put("logs", { items: [item(99), item(90)], next_cursor: "l" });
  older.put("messages", { items: [item(98, calls), item(97, calls)], next_cursor: "m" });
  assert.deepEqual(times(older), [99, 98, 97], "the line of 90 waits for the calls between");
  assert.deepEqual(older.next(), ["messages"]);
  older.put("messages", { items: [item(80, calls)], next_cursor: null });
  assert.deepEqual(times(older), [99, 98, 97, 90]);
  assert.deepEqual(older.next(), ["logs"]);
  older.put("logs", { items: [], next_cursor: null });
  assert.deepEqual(times(older), [99, 98, 97, 90, 80]);
  assert.ok(older.ended);
});
