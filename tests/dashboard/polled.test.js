import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "../../services/controller/evswarm_controller/dashboard/static/js/state/fleet.js";
import { framesOf } from "../../services/controller/evswarm_controller/dashboard/static/js/state/polled.js";

const STATION = {
  station_id: "CP-1",
  status: "Charging",
  running: true,
  charging: true,
  connectors: ["Charging"],
  transactions: 1,
  power_kw: 11.04,
  session_kwh: 1.5,
  energy_kwh: 2.25,
  earnings: 0.75,
  worker_id: "w1",
  profile: "home",
  last_message: "MeterValues",
  last_message_at: "1970-01-01T00:01:40Z",
};
const TOTALS = {
  stations: 1,
  desired: 2,
  count: 1,
  id_prefix: "CP-",
  running: 1,
  charging: 1,
  energy_kwh: 2.25,
  earnings: 0.75,
  power_kw: 11.04,
  currency: "SEK",
};
const WORKERS = { workers: [{ worker_id: "w1", stations: 1, messages_per_second: 4, round_trip_p95_ms: 3 }] };

test("answers of the API become the frames that the page knows, with a greeting where there was none", () => {
  const [hello, snapshot, patch, ...rest] = framesOf(
    { stations: [STATION] },
    TOTALS,
    { price: 0.3, version: 4 },
    WORKERS,
    null,
    100,
  );
  assert.deepEqual(rest, []);
  assert.equal(hello.currency, "SEK");
  const fleet = new Fleet();
  fleet.setFields(hello.fields);
  fleet.snapshot(snapshot);
  const row = fleet.rows.get("CP-1");
  assert.deepEqual(
    [row.powerW, row.energyMwh, row.earningsMicro, row.lastMessageAt],
    [11_040, 2_250_000, 750_000, 100],
  );
  assert.deepEqual(patch.agg.states, { Charging: 1 });
  assert.deepEqual(patch.agg.workers, { w1: 1 });
  assert.equal(patch.agg.messages_per_second, 4);
  assert.deepEqual([patch.agg.desired, patch.agg.count, patch.agg.id_prefix], [2, 1, "CP-"]);
  assert.equal(patch.t, 100);
});

test("the columns keep the order of a greeting that is known", () => {
  const known = { type: "hello", mode: "all", fields: ["state", "station_id", "changed_at"] };
  const [snapshot] = framesOf({ stations: [STATION] }, TOTALS, { price: 1, version: 1 }, WORKERS, known, 1);
  assert.deepEqual(snapshot.rows, [["Charging", "CP-1", null]]);
});
