/**
 * How the processes are, in words. Pure; the shapes are those of `GET /workers` and `GET /services`.
 *
 * @typedef {"good" | "warn" | "bad"} Tone
 * @typedef {{tone: Tone, words: string}} Condition
 *
 * @typedef {object} Worker
 * @property {string} worker_id
 * @property {string} host
 * @property {number} pid
 * @property {string | null} metrics_url
 * @property {string[]} [addresses]
 * @property {string | null} started_at
 * @property {string | null} last_seen_at
 * @property {number} lease_epoch
 * @property {number} applied_generation
 * @property {number} assigned
 * @property {number} stations
 * @property {number} running
 * @property {boolean} draining
 * @property {number} loop_lag_ms
 * @property {number | null} capacity
 * @property {number | null} [cpu_percent]
 * @property {number | null} [memory_bytes]
 * @property {number} [messages_per_second]
 * @property {number | null} [round_trip_p95_ms]
 *
 * @typedef {object} Process
 * @property {string} host
 * @property {number} pid
 * @property {string | null} started_at
 * @property {string | null} last_seen_at
 * @property {number | null} cpu_percent
 * @property {number | null} memory_bytes
 *
 * @typedef {object} LostWorker
 * @property {string} worker_id
 * @property {string} host
 * @property {string | null} lost_at
 * @property {string | null} last_seen_at
 * @property {number} lease_epoch
 * @property {number} stations
 * @property {Record<string, number>} taken_over
 * @property {number} waiting
 * @property {number} stopped
 * @property {number} removed
 *
 * @typedef {object} Services
 * @property {{available: boolean, address: string, ping_ms: number | null, problem: string}} store
 * @property {(Process & {controller_id: string, version: string, leads: boolean, dashboards: number, answering: boolean})[]} controllers
 * @property {(Process & {replica_id: string, stations_connected: number})[]} csms
 * @property {{enabled: boolean, answers: boolean, address: string, state: string | null, problem: string,
 *   waiting: Record<string, number>, written: Record<string, number>}} historian `written` since its start
 * @property {LostWorker[]} lost_workers
 */

import { count, counted, span } from "../format.js";

/** Seconds without a heartbeat after which a process is said to be silent; heartbeats come every two seconds or so. */
export const SILENT_SECONDS = 5;
/** Milliseconds that an event loop may be late before it is said to be. */
export const LATE_MS = 250;

const NUMBERS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** Unix seconds of an RFC 3339 time; 0 for none. @param {string | null} time */
export const unix = (time) => (time ? Date.parse(time) / 1000 : 0);

/** Bytes in the unit that keeps the figure short; "–" where nobody knows. @param {number | null | undefined} bytes */
export function memory(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  return bytes < 1e9 ? `${count(bytes / 1e6)} MB` : `${NUMBERS.format(bytes / 1e9)} GB`;
}

/** @param {number | null | undefined} percent of one processor */
export const processor = (percent) =>
  percent === null || percent === undefined ? "–" : `${NUMBERS.format(percent)} %`;

/** @param {number | null | undefined} ms */
export const milliseconds = (ms) =>
  ms === null || ms === undefined ? "–" : `${ms < 10 ? NUMBERS.format(ms) : count(ms)} ms`;

/**
 * How a worker is, the worst first.
 *
 * @param {Worker} worker
 * @param {number} now unix seconds
 * @returns {Condition}
 */
export function workerCondition(worker, now) {
  const silence = now - unix(worker.last_seen_at);
  if (silence > SILENT_SECONDS) return { tone: "bad", words: `Silent ${span(silence)}` };
  if (worker.draining) return { tone: "warn", words: "Draining" };
  if (worker.loop_lag_ms > LATE_MS) return { tone: "warn", words: "Late" };
  if (worker.stations < worker.assigned)
    return { tone: "warn", words: `Taking ${count(worker.assigned - worker.stations)} more` };
  return { tone: "good", words: "Live" };
}

/** @param {Process} process @param {number} now @returns {Condition} */
export function processCondition(process, now) {
  const silence = now - unix(process.last_seen_at);
  return silence > SILENT_SECONDS
    ? { tone: "bad", words: `Silent ${span(silence)}` }
    : { tone: "good", words: "Live" };
}

/** @param {Services["historian"]} historian @returns {Condition} */
export function historianCondition(historian) {
  if (!historian.enabled) return { tone: "warn", words: "Off" };
  if (!historian.answers) return { tone: "bad", words: "Does not answer" };
  const words = {
    writing: "Writing",
    store_away: "Store away",
    database_away: "Database away",
    disk_full: "Disk full",
  };
  const known = Object.entries(words).find(([state]) => state === historian.state);
  return {
    tone: historian.state === "writing" ? "good" : "bad",
    words: known?.[1] ?? historian.state ?? "?",
  };
}

/** Share of its capacity that a worker uses, 0 to 1; null without a capacity. @param {Worker} worker */
export const load = (worker) => (worker.capacity ? Math.min(1, worker.assigned / worker.capacity) : null);

/** What became of a lost worker's stations, in one sentence. @param {LostWorker} lost */
export function fateWords(lost) {
  const parts = Object.entries(lost.taken_over).map(([worker, n]) => `${count(n)} now on ${worker}`);
  if (lost.waiting > 0) parts.push(`${count(lost.waiting)} without a worker`);
  if (lost.stopped > 0) parts.push(`${count(lost.stopped)} stopped`);
  if (lost.removed > 0) parts.push(`${count(lost.removed)} removed since`);
  return parts.length > 0
    ? `${counted(lost.stations, "station")}: ${parts.join(", ")}`
    : "It had no stations";
}

/** The sums over all workers. @param {readonly Worker[]} workers */
export function sums(workers) {
  const capacity = workers.some((worker) => worker.capacity === null)
    ? null
    : workers.reduce((sum, worker) => sum + (worker.capacity ?? 0), 0);
  return {
    assigned: workers.reduce((sum, worker) => sum + worker.assigned, 0),
    running: workers.reduce((sum, worker) => sum + worker.running, 0),
    capacity,
  };
}

/**
 * Where Grafana shows one worker; "" without a Grafana.
 *
 * @param {string | null | undefined} base of Grafana
 * @param {Worker} worker which Prometheus calls by its id, or by an address where it found it by one
 */
export const workerDashboard = (base, { worker_id, addresses = [] }) => {
  if (!base || !/^https?:\/\//.test(base)) return "";
  const names = [worker_id, ...addresses].map((name) => `var-worker=${encodeURIComponent(name)}`);
  return `${base.replace(/\/+$/, "")}/d/evswarm-workers?${names.join("&")}`;
};

/**
 * The id of the worker that an address names: by its id, or by an address of its own, as Grafana does where Prometheus
 * found it by one. The name itself when no worker is called so.
 *
 * @param {readonly Worker[]} workers
 * @param {string} name
 */
export const workerCalled = (workers, name) =>
  (
    workers.find(({ worker_id }) => worker_id === name) ??
    workers.find(({ addresses }) => addresses?.includes(name))
  )?.worker_id ?? name;
