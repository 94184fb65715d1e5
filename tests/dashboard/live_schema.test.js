import assert from "node:assert/strict";
import { test } from "node:test";
import { FeedMachine } from "../../services/controller/evswarm_controller/dashboard/static/js/feed/machine.js";
import { subscriptionOf } from "../../services/controller/evswarm_controller/dashboard/static/js/messages/message_log.js";
import { Fleet } from "../../services/controller/evswarm_controller/dashboard/static/js/state/fleet.js";
import { parseFilter } from "../../services/controller/evswarm_controller/dashboard/static/js/state/message_filter.js";
import { parseView } from "../../services/controller/evswarm_controller/dashboard/static/js/state/view.js";
import { WindowRows } from "../../services/controller/evswarm_controller/dashboard/static/js/state/window_rows.js";
import { parseStationView } from "../../services/controller/evswarm_controller/dashboard/static/js/station/station_view.js";
import { clientFault, SCHEMA, serverFault } from "./schema.js";

const agg = {
  stations: 1,
  desired: 1,
  count: 1,
  id_prefix: "CP-",
  running: 1,
  charging: 0,
  transactions: 0,
  power_w: 0,
  energy_mwh: 0,
  earnings_micro: 0,
  price: 0.3,
  price_version: 1,
  states: { Available: 1 },
  profiles: { home: 1 },
  workers: { w1: 1 },
  lost_workers: [],
  messages_per_second: 0.5,
  round_trip_p95_ms: null,
  generation: 1,
  store: true,
};
const fields = SCHEMA.$defs.row.prefixItems.map(({ title }) => title);
const row = ["CP-000001", "Available", ["Available"], "w1", "home", true, 0, 0, 0, 0, 0, "Heartbeat", 1, 1];
const hello = {
  type: "hello",
  v: 1,
  version: "0",
  epoch: "a",
  seq: 10,
  tick: 0.5,
  fields,
  currency: "EUR",
  states: [],
  profiles: [],
  trend: { fields: SCHEMA.$defs.trend.properties.fields.const, points: [] },
  mode: "all",
  window_above: 30000,
  grafana: null,
  history: true,
};
const snapshot = { type: "snapshot", seq: 10, part: 1, parts: 1, rows: [row], agg };
const patch = { type: "patch", seq: 11, t: 1, agg, rows: [row], add: [row], del: ["CP-000009"] };

test("the frames that these tests speak are those of the server", () => {
  for (const frame of [hello, snapshot, patch]) assert.equal(serverFault(frame), "");
  assert.match(serverFault({ ...patch, agg: { ...agg, more: 1 } }), /fits 0/);
  assert.match(serverFault({ ...patch, rows: [["CP-000001"]] }), /fits 0/);
});

test("everything that the machine says in its life keeps to the schema", () => {
  const machine = new FeedMachine(() => 0.5);
  const said = [];
  const hear = (actions) => {
    for (const action of actions) if (action.do === "send") said.push(action.frame);
  };
  hear(machine.start(0));
  hear(machine.receive(hello, 1));
  hear(machine.receive(snapshot, 1));
  hear(machine.send({ type: "sub", log: "CP-000001" }));
  hear(machine.send({ type: "sub", messages: { station: "", kind: "error", errors: true, text: "x" } }));
  const query = { q: "", status: "", worker: "", profile: "", sort: "power", dir: "desc" };
  hear(machine.send(new WindowRows().ask(query, 0, 40)));
  hear(machine.receive({ ...patch, seq: 14 }, 2));
  hear(machine.visibility(true, 2));
  for (let i = 0; i < 3; i += 1) hear(machine.receive({ type: "resync", reason: "behind" }, 3 + i));
  hear(machine.closed(8));
  hear(machine.tick(60));
  hear(machine.receive({ ...hello, seq: 20 }, 60));
  hear(machine.send({ type: "unsub", log: "CP-000001" }));
  hear(machine.send({ type: "unsub", messages: true }));
  assert.deepEqual([...new Set(said.map(({ type }) => type))].sort(), [
    "hello",
    "rate",
    "resync",
    "sub",
    "unsub",
    "window",
  ]);
  for (const frame of said) assert.equal(clientFault(frame), "", JSON.stringify(frame));
});

test("whatever stands in an address, what is asked for it keeps to the schema", () => {
  const long = "x".repeat(300);
  const names = [
    "q",
    "status",
    "worker",
    "profile",
    "station",
    "action",
    "direction",
    "kind",
    "text",
    "errors",
  ];
  const search = `?show=messages&${names.map((name) => `${name}=${long}`).join("&")}`;
  for (const filter of [parseFilter(search), { ...parseStationView(search).filter, station: "CP-1" }])
    assert.equal(clientFault({ type: "sub", messages: subscriptionOf(filter) }), "");
  assert.equal(clientFault(new WindowRows().ask(parseView(search), 0, 30)), "");
});

test("rows are read by the names that the schema gives to the columns", () => {
  const fleet = new Fleet();
  fleet.setFields(hello.fields);
  fleet.snapshot(snapshot);
  const shown = fleet.rows.get("CP-000001");
  assert.deepEqual(
    [shown.state, shown.worker, shown.profile, shown.running, shown.lastMessage],
    ["Available", "w1", "home", true, "Heartbeat"],
  );
});

test("what is no frame of the client is found out", () => {
  const wrong = [
    { type: "sub" },
    { type: "sub", log: "A", messages: {} },
    { type: "sub", messages: { kind: "lost" } },
    { type: "unsub", messages: false },
    { type: "window", sort: "power" },
    { type: "window", limit: 201 },
    { type: "rate", hz: 9 },
    { type: "hello", epoch: "a" },
  ];
  for (const frame of wrong) assert.notEqual(clientFault(frame), "", JSON.stringify(frame));
});
