import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CONNECT_TIMEOUT,
  DEAD_TICKS,
  FeedMachine,
  RETRY_CEILING,
  RETRY_FLOOR,
  SIGN_IN_CODE,
  STALE_TICKS,
} from "../../services/controller/evswarm_controller/dashboard/static/js/feed/machine.js";

const hello = (change = {}) => ({
  type: "hello",
  v: 1,
  version: "0",
  epoch: "a",
  seq: 10,
  tick: 0.5,
  fields: [],
  currency: "EUR",
  states: [],
  profiles: [],
  trend: { fields: [], points: [] },
  ...change,
});
const snapshot = (seq, part = 1, parts = 1) => ({ type: "snapshot", seq, part, parts, rows: [] });
const patch = (seq) => ({ type: "patch", seq, t: 0, agg: {} });
const done = (actions) => actions.map((action) => action.do);
const sent = (actions) => actions.filter((action) => action.do === "send").map((action) => action.frame);

function live({ random = () => 0.5 } = {}) {
  const machine = new FeedMachine(random);
  machine.start(0);
  machine.receive(hello(), 1);
  machine.receive(snapshot(10), 1);
  return machine;
}

test("a first connection greets, takes the snapshot and is live", () => {
  const machine = new FeedMachine(() => 0.5);
  assert.deepEqual(done(machine.start(0)), ["connect"]);
  const greeting = machine.receive(hello(), 1);
  assert.deepEqual(sent(greeting), [{ type: "hello" }]);
  assert.equal(machine.phase, "loading");
  machine.receive(snapshot(10, 1, 2), 1);
  assert.equal(machine.phase, "loading");
  machine.receive(snapshot(10, 2, 2), 1);
  assert.equal(machine.phase, "live");
});

test("patches are applied in order and their number is kept", () => {
  const machine = live();
  assert.deepEqual(done(machine.receive(patch(11), 2)), ["apply"]);
  assert.deepEqual(done(machine.receive(patch(12), 2)), ["apply"]);
  assert.equal(machine.seq, 12);
});

test("a gap in the sequence asks for a fresh snapshot and applies nothing until it is there", () => {
  const machine = live();
  const actions = machine.receive(patch(13), 2);
  assert.deepEqual(sent(actions), [{ type: "resync" }]);
  assert.ok(!done(actions).includes("apply"));
  assert.deepEqual(machine.receive(patch(14), 2), []);
  machine.receive({ type: "resync", reason: "asked" }, 2);
  machine.receive(snapshot(14), 3);
  assert.deepEqual(done(machine.receive(patch(15), 3)), ["apply"]);
  assert.equal(machine.gaps, 1);
});

test("a patch that is already part of the snapshot is passed over", () => {
  const machine = live();
  assert.deepEqual(machine.receive(patch(9), 2), []);
  assert.equal(machine.seq, 10);
});

test("a short drop goes on where it was when the feed is the same", () => {
  const machine = live();
  machine.receive(patch(11), 2);
  machine.closed(3);
  machine.tick(20);
  assert.deepEqual(sent(machine.receive(hello({ seq: 14 }), 20)), [{ type: "hello", epoch: "a", seq: 11 }]);
  assert.deepEqual(done(machine.receive(patch(12), 20)), ["apply", "changed"]);
  assert.equal(machine.phase, "live");
});

test("who asked for everything anew while cut off does not go on where it was", () => {
  const machine = live();
  machine.receive(patch(11), 2);
  machine.closed(3);
  assert.deepEqual(machine.send({ type: "resync" }), []);
  machine.tick(60);
  assert.deepEqual(sent(machine.receive(hello({ seq: 12 }), 61)), [{ type: "hello" }]);
  machine.receive(patch(12), 61);
  assert.equal(machine.phase, "loading");
  machine.receive(snapshot(12), 62);
  assert.equal(machine.phase, "live");
});

test("another epoch means starting anew", () => {
  const machine = live();
  machine.closed(3);
  machine.tick(20);
  assert.deepEqual(sent(machine.receive(hello({ epoch: "b", seq: 0 }), 20)), [{ type: "hello" }]);
  assert.deepEqual(machine.receive(patch(11), 20), []);
});

test("pauses are drawn below a ceiling that doubles up to its limit", () => {
  const machine = new FeedMachine(() => 0.999);
  machine.start(0);
  let now = 0;
  const ceilings = [];
  for (let i = 0; i < 7; i += 1) {
    machine.closed(now);
    ceilings.push((machine.retryAt - now) / 0.999);
    now = machine.retryAt;
    assert.deepEqual(done(machine.tick(now)), ["changed", "connect"]);
  }
  const expected = [0.5, 1, 2, 4, 8, 8, 8];
  ceilings.forEach((ceiling, i) => {
    assert.ok(Math.abs(ceiling - expected[i]) < 1e-9, `attempt ${i}: ${ceiling}`);
  });
  assert.equal(RETRY_FLOOR, 0.5);
  assert.equal(RETRY_CEILING, 8);
});

test("full jitter can be anything from at once to the ceiling", () => {
  const machine = new FeedMachine(() => 0);
  machine.start(0);
  machine.closed(5);
  assert.equal(machine.retryAt, 5);
});

test("success makes the next pause short again", () => {
  const machine = live({ random: () => 0.5 });
  for (let i = 0; i < 5; i += 1) {
    machine.closed(10);
    machine.tick(1000);
  }
  machine.receive(hello(), 1000);
  machine.receive(snapshot(10), 1000);
  machine.closed(1001);
  assert.equal(machine.retryAt, 1001.25);
});

test("data is stale after three missed ticks and live again with the next frame", () => {
  const machine = live();
  assert.deepEqual(machine.tick(1 + STALE_TICKS * 0.5), []);
  assert.deepEqual(done(machine.tick(1 + STALE_TICKS * 0.5 + 0.01)), ["changed"]);
  assert.equal(machine.phase, "stale");
  machine.receive(patch(11), 4);
  assert.equal(machine.phase, "live");
});

test("a silent socket is given up in the end", () => {
  const machine = live();
  const actions = machine.tick(1 + DEAD_TICKS * 0.5 + 0.01);
  assert.deepEqual(done(actions), ["close", "changed"]);
  assert.equal(machine.phase, "waiting");
});

test("opening a socket may not take for ever", () => {
  const machine = new FeedMachine(() => 0.5);
  machine.start(0);
  assert.deepEqual(machine.tick(CONNECT_TIMEOUT), []);
  assert.deepEqual(done(machine.tick(CONNECT_TIMEOUT + 0.1)), ["close", "changed"]);
});

test("a hidden page asks for fewer frames and is not stale for getting them", () => {
  const machine = live();
  assert.deepEqual(sent(machine.visibility(true, 1)), [{ type: "rate", hz: 0.2 }]);
  assert.deepEqual(machine.tick(6), []);
  assert.deepEqual(sent(machine.visibility(false, 6)), [{ type: "rate", hz: 2 }]);
  assert.deepEqual(machine.tick(7), []);
  assert.deepEqual(done(machine.tick(8)), ["changed"]);
});

test("a followed log is followed again after a reconnect", () => {
  const machine = live();
  assert.deepEqual(sent(machine.send({ type: "sub", log: "CP-1" })), [{ type: "sub", log: "CP-1" }]);
  machine.closed(3);
  assert.deepEqual(machine.send({ type: "sub", log: "CP-2" }), []);
  machine.tick(20);
  const frames = sent(machine.receive(hello(), 20));
  assert.deepEqual(frames.slice(1), [
    { type: "sub", log: "CP-1" },
    { type: "sub", log: "CP-2" },
  ]);
});

test("a controller that asks for its token is not bothered until somebody gives it", () => {
  const machine = new FeedMachine(() => 0.5);
  machine.start(0);
  assert.deepEqual(done(machine.closed(1, SIGN_IN_CODE)), ["changed"]);
  assert.equal(machine.phase, "unauthorized");
  assert.deepEqual(machine.closed(2), []);
  assert.deepEqual(machine.tick(1000), []);
  assert.deepEqual(done(machine.unlock(1001)), ["changed", "connect"]);
  machine.receive(hello(), 1002);
  machine.receive(snapshot(10), 1002);
  assert.equal(machine.phase, "live");
});

test("a session that ends, or is ended, closes the feed and keeps what was followed", () => {
  const machine = live();
  machine.send({ type: "sub", log: "CP-1" });
  assert.deepEqual(done(machine.lock()), ["changed", "close"]);
  assert.equal(machine.phase, "unauthorized");
  machine.unlock(3);
  assert.deepEqual(sent(machine.receive(hello(), 4)).at(-1), { type: "sub", log: "CP-1" });
  assert.deepEqual(done(machine.closed(5, SIGN_IN_CODE)), ["changed"]);
  assert.equal(machine.phase, "unauthorized");
});

test("any other closing code means trying again", () => {
  const machine = live();
  machine.closed(3, 4010);
  assert.equal(machine.phase, "waiting");
  assert.deepEqual(machine.unlock(4), []);
});

test("another version of the feed ends it", () => {
  const machine = new FeedMachine(() => 0.5);
  machine.start(0);
  assert.deepEqual(done(machine.receive(hello({ v: 2 }), 1)), ["changed", "close"]);
  assert.equal(machine.phase, "incompatible");
  assert.deepEqual(machine.closed(2), []);
  assert.deepEqual(machine.tick(1000), []);
});

test("the newest question about messages is asked again after a reconnect, a withdrawn one is not", () => {
  const machine = live();
  machine.send({ type: "sub", messages: {} });
  machine.send({ type: "sub", messages: { station: "CP-1" } });
  machine.send({ type: "sub", log: "CP-2" });
  machine.send({ type: "unsub", log: "CP-2" });
  assert.deepEqual(machine.send({ type: "unsub", log: "CP-2" }), [], "what does not hold is not taken back");
  machine.closed(3);
  machine.tick(20);
  const frames = sent(machine.receive(hello(), 20));
  assert.deepEqual(frames.slice(1), [{ type: "sub", messages: { station: "CP-1" } }]);
});

test("a page that falls behind three times in a minute asks for fewer patches, and later for all again", () => {
  const machine = live();
  const behind = (now) => machine.receive({ type: "resync", reason: "behind" }, now);
  behind(2);
  behind(61);
  assert.deepEqual(behind(63), []);
  assert.deepEqual(done(behind(64)), ["send", "changed"]);
  assert.ok(machine.tooSlow);
  assert.equal(machine.hz, 0.5);
  machine.receive(snapshot(20), 64);
  assert.deepEqual(sent(machine.visibility(true, 65)), [{ type: "rate", hz: 0.2 }]);
  assert.deepEqual(sent(machine.visibility(false, 66)), [{ type: "rate", hz: 0.5 }]);
  let now = 66;
  const said = [];
  for (let seq = 21; now < 126; seq += 1) {
    now += 0.5;
    machine.receive(patch(seq), now);
    said.push(...sent(machine.tick(now)));
  }
  assert.deepEqual(said, [{ type: "rate", hz: 2 }]);
  assert.ok(!machine.tooSlow);
});

test("a snapshot that is only shorter than the patches of a hidden page makes no page too slow", () => {
  const machine = live();
  for (let i = 0; i < 9; i += 1) machine.receive({ type: "resync", reason: "paced" }, 2 + i);
  assert.ok(!machine.tooSlow);
});
