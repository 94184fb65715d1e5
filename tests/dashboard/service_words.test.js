import assert from "node:assert/strict";
import { test } from "node:test";
import * as words from "../../services/controller/evswarm_controller/dashboard/static/js/state/service_words.js";

const NOW = Date.parse("2026-11-22T12:00:10Z") / 1000;

const worker = (change = {}) => ({
  worker_id: "w1",
  host: "h",
  pid: 1,
  metrics_url: null,
  started_at: "2026-11-22T11:00:00Z",
  last_seen_at: "2026-11-22T12:00:09Z",
  lease_epoch: 1,
  applied_generation: 1,
  assigned: 10,
  stations: 10,
  running: 9,
  draining: false,
  loop_lag_ms: 2,
  capacity: 100,
  ...change,
});

const lost = (change = {}) => ({
  worker_id: "w1",
  host: "h",
  lost_at: null,
  last_seen_at: null,
  lease_epoch: 1,
  stations: 100,
  taken_over: {},
  waiting: 0,
  stopped: 0,
  removed: 0,
  ...change,
});

test("a worker is said to be what matters most about it", () => {
  const said = (change) => words.workerCondition(worker(change), NOW);
  assert.deepEqual(said({}), { tone: "good", words: "Live" });
  assert.deepEqual(said({ assigned: 12 }), { tone: "warn", words: "Taking 2 more" });
  assert.deepEqual(said({ assigned: 12, loop_lag_ms: 900 }), { tone: "warn", words: "Late" });
  assert.deepEqual(said({ loop_lag_ms: 900, draining: true }), { tone: "warn", words: "Draining" });
  const silent = said({ draining: true, last_seen_at: "2026-11-22T12:00:02Z" });
  assert.deepEqual(silent, { tone: "bad", words: "Silent 8 s" });
});

test("a lost worker's stations are accounted for to the last", () => {
  assert.equal(
    words.fateWords(lost({ taken_over: { w2: 60, w3: 30 }, waiting: 7, stopped: 2, removed: 1 })),
    "100 stations: 60 now on w2, 30 now on w3, 7 without a worker, 2 stopped, 1 removed since",
  );
  assert.equal(words.fateWords(lost({ stations: 0 })), "It had no stations");
});

test("room is told only where every worker says how much it takes", () => {
  assert.deepEqual(words.sums([worker(), worker({ capacity: 50 })]), {
    assigned: 20,
    running: 18,
    capacity: 150,
  });
  assert.equal(words.sums([worker(), worker({ capacity: null })]).capacity, null);
  assert.equal(words.load(worker()), 0.1);
  assert.equal(words.load(worker({ capacity: null })), null);
  assert.equal(words.load(worker({ capacity: 5 })), 1);
});

test("the historian is off, away, or doing what it says", () => {
  const historian = (change) => ({
    enabled: true,
    answers: true,
    address: "",
    state: "writing",
    problem: "",
    waiting: {},
    written: {},
    ...change,
  });
  assert.equal(words.historianCondition(historian({})).tone, "good");
  assert.deepEqual(words.historianCondition(historian({ state: "disk_full" })), {
    tone: "bad",
    words: "Disk full",
  });
  assert.equal(words.historianCondition(historian({ answers: false, state: null })).words, "Does not answer");
  assert.equal(words.historianCondition(historian({ enabled: false })).words, "Off");
});

test("figures are short and nothing is made up where nobody knows", () => {
  assert.deepEqual([54_382_592, 2_345_000_000, null, undefined].map(words.memory), [
    "54 MB",
    "2.3 GB",
    "–",
    "–",
  ]);
  assert.deepEqual([0, 12.34, null].map(words.processor), ["0 %", "12.3 %", "–"]);
  assert.deepEqual([0.318, 12.7, null].map(words.milliseconds), ["0.3 ms", "13 ms", "–"]);
});

test("only a real address becomes a link to Grafana", () => {
  assert.equal(
    words.workerDashboard("http://127.0.0.1:3000/", worker({ worker_id: "a b" })),
    "http://127.0.0.1:3000/d/evswarm-workers?var-worker=a%20b",
  );
  for (const base of [null, undefined, "", "javascript:alert(1)"]) {
    assert.equal(words.workerDashboard(base, worker()), "");
  }
});

test("a worker is found by its id and by an address that Prometheus found it at, and so is its dashboard", () => {
  const workers = [worker(), worker({ worker_id: "w2", addresses: ["10.0.0.7", "10.1.0.7"] })];
  assert.equal(words.workerCalled(workers, "w1"), "w1");
  assert.equal(words.workerCalled(workers, "10.1.0.7"), "w2");
  assert.equal(words.workerCalled(workers, "10.1.0.8"), "10.1.0.8");
  assert.match(
    words.workerDashboard("http://g", workers[1]),
    /\?var-worker=w2&var-worker=10.0.0.7&var-worker=10.1.0.7$/,
  );
});
