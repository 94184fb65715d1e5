import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "../../services/controller/evswarm_controller/dashboard/static/js/state/fleet.js";

const FIELDS = [
  "station_id",
  "state",
  "connectors",
  "worker_id",
  "profile",
  "running",
  "transactions",
  "power_w",
  "session_wh",
  "energy_mwh",
  "earnings_micro",
  "last_message",
  "last_message_at",
  "changed_at",
];

const wire = (index, change = {}) => {
  const row = {
    station_id: `CP-${String(index).padStart(6, "0")}`,
    state: "Available",
    connectors: ["Available"],
    worker_id: `w${index % 2}`,
    profile: index % 3 === 0 ? "home" : "public",
    running: true,
    transactions: 0,
    power_w: 0,
    session_wh: 0,
    energy_mwh: index,
    earnings_micro: 0,
    last_message: "",
    last_message_at: 0,
    changed_at: 0,
    ...change,
  };
  return FIELDS.map((name) => row[name]);
};

const query = (change = {}) => ({
  q: "",
  status: "",
  worker: "",
  profile: "",
  sort: "station",
  dir: "asc",
  ...change,
});

function fleetOf(...rows) {
  const fleet = new Fleet();
  fleet.setFields(FIELDS);
  fleet.snapshot({ type: "snapshot", seq: 1, part: 1, parts: 1, rows });
  return fleet;
}

const numbers = (ids) => ids.map((id) => Number(id.slice(3)));

test("rows are held in the order of the ids whatever order they come in", () => {
  const fleet = fleetOf(wire(3), wire(1), wire(2));
  assert.deepEqual(numbers(fleet.ask(query()).ids), [1, 2, 3]);
  assert.deepEqual(numbers(fleet.ask(query({ dir: "desc" })).ids), [3, 2, 1]);
});

test("columns are found by their names, not by their places", () => {
  const fleet = new Fleet();
  const fields = [...FIELDS].reverse();
  fleet.setFields(fields);
  fleet.snapshot({ type: "snapshot", seq: 1, part: 1, parts: 1, rows: [wire(7, { power_w: 42 }).reverse()] });
  assert.equal(fleet.rows.get("CP-000007").powerW, 42);
});

test("a feed without a needed column is refused by name", () => {
  assert.throws(() => new Fleet().setFields(FIELDS.filter((name) => name !== "power_w")), /power_w/);
});

test("old rows stay until a snapshot in parts is whole, then those it lacks are gone", () => {
  const fleet = fleetOf(wire(1), wire(2));
  fleet.snapshot({ type: "snapshot", seq: 2, part: 1, parts: 2, rows: [wire(1)] });
  assert.equal(fleet.rows.size, 2);
  fleet.snapshot({ type: "snapshot", seq: 2, part: 2, parts: 2, rows: [wire(3)] });
  assert.deepEqual(numbers(fleet.idsInOrder()), [1, 3]);
});

test("a patch changes, adds and removes", () => {
  const fleet = fleetOf(wire(1), wire(2));
  fleet.patch({
    type: "patch",
    seq: 2,
    t: 0,
    agg: {},
    rows: [wire(1, { power_w: 9 })],
    add: [wire(5)],
    del: ["CP-000002", "CP-9"],
  });
  assert.deepEqual(numbers(fleet.idsInOrder()), [1, 5]);
  assert.equal(fleet.rows.get("CP-000001").powerW, 9);
});

test("search takes part of an id in any case, filters take whole values, and all must hold", () => {
  const fleet = fleetOf(
    wire(1),
    wire(2, { state: "Charging", transactions: 1 }),
    wire(12, { state: "Faulted" }),
  );
  assert.deepEqual(numbers(fleet.ask(query({ q: " cp-00001 " })).ids), [12]);
  assert.equal(fleet.ask(query({ q: "HOME" })).ids.length, fleet.ask(query({ profile: "home" })).ids.length);
  assert.deepEqual(numbers(fleet.ask(query({ status: "Charging" })).ids), [2]);
  assert.deepEqual(numbers(fleet.ask(query({ status: "Faulted", worker: "w0" })).ids), [12]);
  assert.deepEqual(numbers(fleet.ask(query({ status: "Faulted", worker: "w1" })).ids), []);
});

test("the wider states look at what a station does, not at its state", () => {
  const fleet = fleetOf(
    wire(1, { running: false, state: "Offline" }),
    wire(2, { state: "Suspended", transactions: 1 }),
    wire(3),
  );
  assert.deepEqual(numbers(fleet.ask(query({ status: "Running" })).ids), [2, 3]);
  assert.deepEqual(numbers(fleet.ask(query({ status: "In transaction" })).ids), [2]);
});

test("the counts of a filter say what its other choices would show", () => {
  const fleet = fleetOf(wire(1), wire(2, { state: "Charging" }), wire(3, { state: "Charging" }), wire(4));
  const { status, worker, profile } = fleet.ask(query({ status: "Charging", worker: "w1" }));
  assert.equal(status.get("Available"), 1);
  assert.equal(status.get("Charging"), 1);
  assert.equal(status.get("Running"), 2);
  assert.deepEqual(Object.fromEntries(worker), { w0: 1, w1: 1 });
  assert.deepEqual(Object.fromEntries(profile), { home: 1 });
});

test("equal values keep the order of the ids, ascending and descending", () => {
  const fleet = fleetOf(wire(4, { power_w: 5 }), wire(3), wire(2, { power_w: 5 }), wire(1));
  assert.deepEqual(numbers(fleet.ask(query({ sort: "power", dir: "desc" })).ids), [2, 4, 1, 3]);
  assert.deepEqual(numbers(fleet.ask(query({ sort: "power", dir: "asc" })).ids), [1, 3, 2, 4]);
});

test("a held order keeps its places, loses what is gone and takes what is new at the end", () => {
  const fleet = fleetOf(wire(1, { power_w: 1 }), wire(2, { power_w: 2 }), wire(3, { power_w: 3 }));
  const byPower = query({ sort: "power", dir: "desc" });
  const held = fleet.ask(byPower).ids;
  fleet.patch({
    type: "patch",
    seq: 2,
    t: 0,
    agg: {},
    rows: [wire(1, { power_w: 99 })],
    add: [wire(4, { power_w: 50 })],
    del: ["CP-000002"],
  });
  assert.deepEqual(numbers(fleet.ask(byPower, held).ids), [3, 1, 4]);
  assert.deepEqual(numbers(fleet.ask(byPower).ids), [1, 4, 3]);
});

test("what a smaller swarm loses is counted with its open transactions", () => {
  const fleet = fleetOf(
    wire(1, { transactions: 1 }),
    wire(2, { transactions: 2 }),
    wire(3, { transactions: 1 }),
  );
  const gone = { stations: 2, transactions: 3, first: "CP-000002", last: "CP-000003" };
  assert.deepEqual(fleet.beyond(1, "CP-"), gone);
  assert.equal(fleet.beyond(3, "CP-").stations, 0);
});

test("stations that were created by name stay, whatever their names end with", () => {
  const named = ["GARAGE-7", "OTHER-000009", "CP-9", "CP-000009-B", "XCP-000009"];
  const fleet = fleetOf(wire(2), ...named.map((station_id) => wire(0, { station_id, transactions: 1 })));
  assert.deepEqual(fleet.beyond(1, "CP-"), {
    stations: 1,
    transactions: 0,
    first: "CP-000002",
    last: "CP-000002",
  });
});
