/**
 * The swarm as the API tells it, in the frames of the feed: for where no WebSocket can be opened. Pure.
 *
 * @typedef {import("../protocol.js").Aggregate} Aggregate
 * @typedef {import("../protocol.js").HelloFrame} HelloFrame
 * @typedef {import("../protocol.js").ServerFrame} ServerFrame
 */

import { PROTOCOL_VERSION } from "../protocol.js";

/** Attempts in a row that have to fail before the page asks the API instead. */
export const FAILURES_BEFORE_POLLING = 3;
/** Stations that one question is answered with at most. */
export const MOST_POLLED = 10_000;

/** Where each column of a row comes from in a StationView. @type {Record<string, (view: any) => unknown>} */
const CELLS = {
  station_id: (view) => view.station_id,
  state: (view) => view.status,
  connectors: (view) => view.connectors,
  worker_id: (view) => view.worker_id,
  profile: (view) => view.profile,
  running: (view) => view.running,
  transactions: (view) => view.transactions,
  power_w: (view) => Math.round(view.power_kw * 1e3),
  session_wh: (view) => Math.round(view.session_kwh * 1e3),
  energy_mwh: (view) => Math.round(view.energy_kwh * 1e6),
  earnings_micro: (view) => Math.round(view.earnings * 1e6),
  last_message: (view) => view.last_message,
  last_message_at: (view) => (view.last_message_at ? Date.parse(view.last_message_at) / 1000 : 0),
};

/**
 * The answers to the page's questions as frames, to be taken in order.
 *
 * @param {any} list StationList
 * @param {any} totals TotalsView
 * @param {any} pricing PriceView
 * @param {any} workers WorkerList
 * @param {HelloFrame | null} hello the greeting that is known; without one the first frame is one made up
 * @param {number} now unix seconds
 * @returns {ServerFrame[]}
 */
export function framesOf(list, totals, pricing, workers, hello, now) {
  /** @type {ServerFrame[]} */
  const frames = [];
  if (hello?.mode !== "all") {
    hello = {
      type: "hello",
      v: PROTOCOL_VERSION,
      version: "",
      epoch: "",
      seq: 0,
      tick: 3,
      fields: Object.keys(CELLS),
      currency: totals.currency,
      states: [],
      profiles: [],
      trend: { fields: ["t"], points: [] },
      grafana: null,
      ...hello,
      mode: "all",
    };
    frames.push(hello);
  }
  const rows = list.stations.map((/** @type {any} */ view) =>
    /** @type {HelloFrame} */ (hello).fields.map((name) => CELLS[name]?.(view) ?? null),
  );
  const agg = aggregateOf(list.stations, totals, pricing, workers.workers);
  frames.push(
    { type: "snapshot", seq: 0, part: 1, parts: 1, rows, agg },
    { type: "patch", seq: 0, t: now, agg },
  );
  return frames;
}

/**
 * The swarm in numbers: those that the API gives, and the tallies as the rows show them.
 *
 * @param {any[]} stations
 * @param {any} totals
 * @param {any} pricing
 * @param {any[]} workers the living ones
 * @returns {Aggregate}
 */
function aggregateOf(stations, totals, pricing, workers) {
  /** @type {Record<string, number>} */
  const states = {};
  /** @type {Record<string, number>} */
  const profiles = {};
  let transactions = 0;
  for (const { status, profile, transactions: open } of stations) {
    states[status] = (states[status] ?? 0) + 1;
    profiles[profile] = (profiles[profile] ?? 0) + 1;
    transactions += open;
  }
  const trips = workers.flatMap((each) => each.round_trip_p95_ms ?? []);
  return {
    stations: totals.stations,
    desired: totals.desired,
    count: totals.count,
    id_prefix: totals.id_prefix,
    running: totals.running,
    charging: totals.charging,
    transactions,
    power_w: Math.round(totals.power_kw * 1e3),
    energy_mwh: Math.round(totals.energy_kwh * 1e6),
    earnings_micro: Math.round(totals.earnings * 1e6),
    price: pricing.price,
    price_version: pricing.version,
    states,
    profiles,
    workers: Object.fromEntries(workers.map((each) => [each.worker_id, each.stations])),
    generation: 0,
    store: true,
    messages_per_second: workers.reduce((sum, each) => sum + (each.messages_per_second ?? 0), 0),
    round_trip_p95_ms: trips.length > 0 ? Math.max(...trips) : null,
    lost_workers: [],
  };
}
