import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../../services/controller/evswarm_controller/dashboard/static/js/format.js";
import { LogCache } from "../../services/controller/evswarm_controller/dashboard/static/js/state/log_cache.js";
import * as plan from "../../services/controller/evswarm_controller/dashboard/static/js/state/scale_plan.js";
import {
  SERIES,
  TrendHistory,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/trend.js";
import {
  DEFAULT_VIEW,
  formatView,
  parseView,
  toggleLog,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/view.js";

test("the default view has no address of its own", () => {
  assert.equal(formatView(DEFAULT_VIEW), "");
  assert.deepEqual(parseView(""), DEFAULT_VIEW);
});

test("a view survives its own address", () => {
  const view = {
    q: "a b&c",
    status: "In transaction",
    worker: "w-1",
    profile: "home",
    sort: "power",
    dir: "desc",
    log: ["CP-1", "CP-2"],
    trend: "days",
  };
  assert.deepEqual(parseView(formatView(view)), view);
});

test("nonsense in an address falls back to the default", () => {
  const view = parseView("?sort=__proto__&dir=up&log=a,,a,b");
  assert.equal(view.sort, "station");
  assert.equal(view.dir, "asc");
  assert.deepEqual(view.log, ["a", "b"]);
});

test("a log opens, closes, and pushes the oldest out when too many are open", () => {
  let view = toggleLog(DEFAULT_VIEW, "x");
  assert.deepEqual(view.log, ["x"]);
  assert.deepEqual(toggleLog(view, "x").log, []);
  for (let i = 0; i < 8; i += 1) view = toggleLog(view, `s${i}`);
  assert.equal(view.log.length, 8);
  assert.ok(!view.log.includes("x"));
});

test("the least recently used log goes first", () => {
  const cache = new LogCache(2);
  const log = { entries: [], at: 0, messages: "kept", older: null };
  cache.put("a", log);
  cache.put("b", log);
  cache.get("a");
  cache.put("c", log);
  assert.equal(cache.get("b"), null);
  assert.ok(cache.get("a"));
});

test("the slider reaches both ends, rises all the way, and finds its place again", () => {
  assert.equal(plan.stationsAt(0), 0);
  assert.equal(plan.stationsAt(plan.SLIDER_STEPS), plan.SLIDER_TOP);
  let last = -1;
  for (let position = 0; position <= plan.SLIDER_STEPS; position += 1) {
    const stations = plan.stationsAt(position);
    assert.ok(stations >= last);
    last = stations;
  }
  for (const preset of plan.PRESETS) assert.equal(plan.stationsAt(plan.positionOf(preset)), preset);
  assert.equal(plan.positionOf(1e9), plan.SLIDER_STEPS);
});

test("numbers of stations are read as people type them", () => {
  assert.deepEqual(plan.parseStations("1,000"), { value: 1000 });
  assert.deepEqual(plan.parseStations(" 0 "), { value: 0 });
  for (const bad of ["", "-1", "1.5", "ten", "1e3", "9999999"])
    assert.ok("problem" in plan.parseStations(bad), bad);
});

test("a price is a finite number from 0 to 100", () => {
  assert.deepEqual(plan.parsePrice("0,35"), { value: 0.35 });
  assert.deepEqual(plan.parsePrice("100"), { value: 100 });
  for (const bad of ["", "-0.1", "100.01", "NaN", "Infinity", "abc"])
    assert.ok("problem" in plan.parsePrice(bad), bad);
});

test("a ramp is more than nothing, or as fast as possible", () => {
  assert.deepEqual(plan.parseRamp(""), { value: null });
  assert.deepEqual(plan.parseRamp("2.5"), { value: 2.5 });
  for (const bad of ["0", "-1", "x"]) assert.ok("problem" in plan.parseRamp(bad), bad);
});

test("the time left follows from the time spent", () => {
  assert.equal(plan.secondsLeft({ done: 250, total: 1000, created_at: 100, updated_at: 110 }), 30);
  assert.equal(plan.secondsLeft({ done: 0, total: 10, created_at: 0, updated_at: 5 }), null);
});

test("figures keep short by changing the unit", () => {
  assert.deepEqual(format.power(0), ["0.0", "kW"]);
  assert.deepEqual(format.power(9_999_000), ["9,999", "kW"]);
  assert.deepEqual(format.power(12_340_000), ["12.3", "MW"]);
  assert.deepEqual(format.energy(1_500_000), ["1.50", "kWh"]);
  assert.deepEqual(format.energy(123_450_000), ["123.5", "kWh"]);
  assert.deepEqual(format.energy(12_000_000_000), ["12.0", "MWh"]);
  assert.equal(format.counted(1, "station"), "1 station");
  assert.equal(format.counted(2000, "station"), "2,000 stations");
  assert.equal(format.amount(1234.5, "EUR"), "€1,234.50");
  assert.equal(format.amount(1, "no currency"), "1.00");
  assert.equal(format.span(59.9), "59 s");
  assert.equal(format.span(7200), "2 h");
});

const aggregateOf = (value) => Object.fromEntries(SERIES.map((name) => [name, value]));

test("the trend goes on from what the controller remembers and forgets what is too old", () => {
  const trend = new TrendHistory();
  trend.reset({
    fields: ["running", "t"],
    points: [
      [5, 100],
      [6, 102],
    ],
  });
  trend.add(102.5, aggregateOf(1));
  assert.equal(trend.times.length, 2, "points stand at least a second apart");
  trend.add(103.5, aggregateOf(7));
  assert.deepEqual(trend.values.running, [5, 6, 7]);
  trend.add(1002, aggregateOf(8));
  assert.deepEqual(trend.values.running, [6, 7, 8]);
  assert.deepEqual(trend.times, [102, 103.5, 1002]);
});

test("a change of the price is found where it happened", () => {
  const trend = new TrendHistory();
  for (const [t, price] of [
    [0, 0.3],
    [5, 0.3],
    [10, 0.45],
  ])
    trend.add(t, { ...aggregateOf(1), price });
  assert.deepEqual(trend.priceChanges(), [{ at: 10, price: 0.45 }]);
});

test("a sparkline spans its box, and a flat one lies in the middle or on the ground", () => {
  const trend = new TrendHistory();
  assert.equal(trend.path("running", 300, 100, 20), "");
  trend.add(0, aggregateOf(0));
  trend.add(10, aggregateOf(10));
  assert.equal(trend.path("running", 300, 100, 20), "M0.0,20.0L100.0,0.0");
  trend.reset({
    fields: ["t", "running"],
    points: [
      [0, 4],
      [10, 4],
    ],
  });
  assert.equal(trend.path("running", 300, 100, 20), "M0.0,10.0L100.0,10.0");
  assert.equal(trend.path("power_w", 300, 100, 20), "M0.0,20.0L100.0,20.0");
});
