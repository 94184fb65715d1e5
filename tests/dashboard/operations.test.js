import assert from "node:assert/strict";
import { test } from "node:test";
import {
  MOST_KEPT,
  OperationLog,
  outcome,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/operations.js";

const op = (id, change = {}) => ({
  id,
  kind: "bulk",
  state: "running",
  done: 0,
  total: 5,
  failed: 0,
  message: "",
  created_at: 1,
  updated_at: 1,
  ...change,
});
const shown = (log) => log.shown().map(({ id }) => id);

test("operations on many stations stand on the page while they run, this page's own until dismissed", () => {
  const log = new OperationLog();
  log.put(op("a"));
  log.put(op("one", { total: 1 }));
  log.put(op("s", { kind: "scale" }));
  log.own.add("mine");
  log.put(op("mine", { created_at: 2 }));
  assert.deepEqual(shown(log), ["mine", "a"]);
  assert.ok(log.put(op("a", { state: "succeeded", updated_at: 2 })), "it has ended");
  log.put(op("mine", { state: "failed", created_at: 2, updated_at: 3 }));
  assert.deepEqual(shown(log), ["mine"]);
  log.dismiss("mine");
  assert.deepEqual(shown(log), []);
});

test("what this page began stays until it is dismissed, whatever else happens in the swarm", () => {
  const log = new OperationLog();
  log.own.add("mine");
  log.put(op("mine", { state: "failed", failed: 2 }));
  for (let i = 0; i < 3 * MOST_KEPT; i += 1)
    log.put(op(`other ${i}`, { state: "succeeded", total: 1, created_at: 2 + i }));
  assert.deepEqual(shown(log), ["mine"]);
  assert.equal(log.known.size, MOST_KEPT);
});

test("a frame that comes late changes nothing", () => {
  const log = new OperationLog();
  log.own.add("a");
  log.put(op("a", { state: "succeeded", updated_at: 9 }));
  assert.equal(log.put(op("a", { updated_at: 5 })), false);
  assert.equal(log.shown()[0].state, "succeeded");
});

test("the words claim nothing that has not happened", () => {
  assert.equal(outcome(op("a", { done: 2 })), "2 of 5 done");
  assert.equal(outcome(op("a", { done: 2, failed: 1 })), "2 of 5 done, 1 failed");
  assert.equal(outcome(op("a", { state: "cancelled", done: 2 })), "Cancelled: 2 of 5 done");
  assert.equal(outcome(op("a", { state: "failed", done: 4, failed: 1 })), "4 of 5 done, 1 failed");
  assert.equal(
    outcome(op("a", { state: "superseded", done: 1 })),
    "Overtaken by a later command: 1 of 5 done",
  );
});
