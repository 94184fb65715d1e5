import assert from "node:assert/strict";
import { test } from "node:test";
import {
  afterLook,
  asFilter,
  isNothing,
  isTicked,
  MOST_NAMED,
  NOTHING,
  tick,
  tickAll,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/selection.js";

const VIEW = { q: " cp ", status: "Charging", worker: "", profile: "" };

test("ticked stations are named one by one", () => {
  const selection = tick(tick(NOTHING, ["a", "b"], true), ["a"], false);
  assert.deepEqual(asFilter(selection), { station_ids: ["b"] });
  assert.ok(isTicked(selection, "b") && !isTicked(selection, "a"));
  assert.ok(isNothing(tick(selection, ["b"], false)));
});

test("all that match are sent as the filter, without what it leaves open", () => {
  const selection = tickAll(VIEW);
  assert.ok(isTicked(selection, "anything"));
  assert.deepEqual(asFilter(selection), { q: "cp", status: "Charging" });
});

test("another filter unticks what was ticked across the one before, and nothing else", () => {
  const all = tickAll(VIEW);
  assert.equal(afterLook(all, { ...VIEW, q: "cp" }), all);
  assert.equal(afterLook(all, { ...VIEW, status: "" }), NOTHING);
  const named = tick(NOTHING, ["a"], true);
  assert.equal(afterLook(named, { ...VIEW, status: "" }), named);
});

test("unticking one of all that match leaves none ticked: fewer is the safe side", () => {
  assert.ok(isNothing(tick(tickAll(VIEW), ["a"], false)));
});

test("no more stations are named than a request may hold", () => {
  const ids = Array.from({ length: MOST_NAMED + 5 }, (_, i) => String(i));
  assert.equal(tick(NOTHING, ids, true).ids.size, MOST_NAMED);
});
