import assert from "node:assert/strict";
import { test } from "node:test";
import {
  frameOf,
  Unsettled,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/unsettled.js";

const frame = (id, change = {}) => ({
  type: "op",
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
const waiting = (unsettled) => [...unsettled.waiting.keys()];

test("the end is waited for of what runs on many stations, and of what this page began, until it is heard", () => {
  const unsettled = new Unsettled();
  unsettled.put(frame("many"));
  unsettled.put(frame("one", { total: 1, kind: "stop" }));
  unsettled.put(frame("scale", { total: 1, kind: "scale" }));
  unsettled.put(frame("over", { state: "succeeded" }));
  unsettled.add("mine");
  unsettled.put(frame("mine", { total: 1, kind: "stop" }));
  assert.deepEqual(waiting(unsettled), ["many", "scale", "mine"]);
  for (const id of ["many", "scale", "mine"]) unsettled.put(frame(id, { state: "failed" }));
  assert.deepEqual(waiting(unsettled), []);
});

test("of what the controller has forgotten the last that was heard stays, and that nobody knows more", () => {
  const unsettled = new Unsettled();
  unsettled.add("mine");
  unsettled.put(frame("many", { done: 3 }));
  const { state, done, total, message } = unsettled.forgotten("many");
  assert.deepEqual([state, done, total], ["failed", 3, 5]);
  assert.match(message, /no longer known/);
  for (const id of ["many", "mine"]) unsettled.put(unsettled.forgotten(id));
  assert.deepEqual(waiting(unsettled), []);
});

test("what the API tells of an operation is what the feed would have told", () => {
  const view = {
    operation_id: "bulk-1",
    kind: "bulk",
    action: "stop",
    generation: 0,
    state: "succeeded",
    target: 5,
    done: 5,
    failed: 0,
    message: "",
    cancelling: false,
    created_at: "1970-01-01T00:00:01.000Z",
    updated_at: "1970-01-01T00:00:02.500Z",
    expires_at: null,
    station_ids: [],
  };
  assert.deepEqual(
    frameOf(view),
    frame("bulk-1", { action: "stop", cancelling: false, state: "succeeded", done: 5, updated_at: 2.5 }),
  );
});
