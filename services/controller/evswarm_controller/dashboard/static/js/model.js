/**
 * What the page knows and what it can do: signals that the parts read, and the functions that change them. The only
 * module that ties the feed, the API and the address together.
 */

import { batch, computed, signal } from "../vendor/runtime.js";
import { fetchLogs, startStation, stopStation } from "./api.js";
import { openFeed } from "./feed/socket.js";
import { Fleet, LIVE_SORTS } from "./state/fleet.js";
import { LogCache } from "./state/log_cache.js";
import { TrendHistory } from "./state/trend.js";
import { formatView, parseView, toggleLog } from "./state/view.js";

/**
 * @typedef {import("./protocol.js").Aggregate} Aggregate
 * @typedef {import("./protocol.js").OpFrame} OpFrame
 * @typedef {import("./state/view.js").View} View
 * @typedef {{id: number, text: string, kind: "info" | "error", action?: {label: string, run: () => void}}} Toast
 * @typedef {{phase: import("./feed/machine.js").Phase, silence: number, retryIn: number}} Connection
 */

const TOAST_SECONDS = 6;

export const fleet = new Fleet();
export const trend = new TrendHistory();
const logs = new LogCache();
/** @type {Map<string, Promise<void>>} */
const fetching = new Map();

/** @type {import("../vendor/runtime.js").Signal<Connection>} */
export const connection = signal({ phase: "connecting", silence: 0, retryIn: 0 });
/** @type {import("../vendor/runtime.js").Signal<Aggregate | null>} */
export const aggregate = signal(null);
/** Grows whenever a row changed, came or went. */
export const rowsVersion = signal(0);
/** Grows with every point of the trend. */
export const trendVersion = signal(0);
/** Grows whenever a kept log, or the failure to get one, changed. */
export const logsVersion = signal(0);
/** @type {Map<string, string>} */
export const logProblems = new Map();
/** Stations whose log is followed live. @type {import("../vendor/runtime.js").Signal<ReadonlySet<string>>} */
export const followed = signal(new Set());
export const currency = signal("EUR");
export const version = signal("");
/** @type {import("../vendor/runtime.js").Signal<string[]>} */
export const profiles = signal([]);
/** Whether the first snapshot is in. */
export const loaded = signal(false);
/** The newest scale operation. @type {import("../vendor/runtime.js").Signal<OpFrame | null>} */
export const operation = signal(null);
/** The controller's unix time, once a second. */
export const second = signal(Date.now() / 1000);
/** @type {import("../vendor/runtime.js").Signal<View>} */
export const view = signal(parseView(location.search));
/** Whether the pointer rests on the table, so that rows must not jump. */
export const pointing = signal(false);
/**
 * Stations that were asked to start or stop and have not answered.
 *
 * @type {import("../vendor/runtime.js").Signal<ReadonlySet<string>>}
 */
export const switching = signal(new Set());
/** @type {import("../vendor/runtime.js").Signal<Toast[]>} */
export const toasts = signal([]);
/** Whether data is current and actions can work. */
export const reachable = computed(() => connection.value.phase === "live");

let clockOffset = 0;
let toastCount = 0;
/** @type {string[]} */
let shownOrder = [];
let shownSort = "";

/** Whether the order on screen is being held although the values it sorts by change. */
export const orderHeld = computed(() => pointing.value && LIVE_SORTS.has(view.value.sort));

/** The stations to show, in order, and the counts of the filters. */
export const answer = computed(() => {
  rowsVersion.value;
  const sort = `${view.value.sort} ${view.value.dir}`;
  const held = orderHeld.value && sort === shownSort ? shownOrder : null;
  const result = fleet.ask(view.value, held);
  shownOrder = result.ids;
  shownSort = sort;
  return result;
});

/** @param {import("./protocol.js").ServerFrame} frame */
function apply(frame) {
  batch(() => {
    switch (frame.type) {
      case "hello":
        fleet.setFields(frame.fields);
        currency.value = frame.currency;
        version.value = frame.version;
        profiles.value = frame.profiles;
        trend.reset(frame.trend);
        trendVersion.value += 1;
        break;
      case "snapshot":
        fleet.snapshot(frame);
        if (frame.agg) aggregate.value = frame.agg;
        if (frame.part === frame.parts) {
          loaded.value = true;
          rowsVersion.value += 1;
        }
        break;
      case "patch":
        fleet.patch(frame);
        aggregate.value = frame.agg;
        clockOffset = frame.t - Date.now() / 1000;
        trend.add(frame.t, frame.agg);
        trendVersion.value += 1;
        if (frame.rows || frame.add || frame.del) rowsVersion.value += 1;
        break;
      case "log":
        logs.put(frame.id, frame.events, second.peek());
        logsVersion.value += 1;
        break;
      case "op":
        if (frame.kind === "scale") takeOperation(frame);
        break;
      default:
    }
  });
}

/** @param {OpFrame} frame */
function takeOperation(frame) {
  const known = operation.peek();
  if (known && known.id !== frame.id && known.created_at > frame.created_at) return;
  const ended = known?.state === "running" && known.id === frame.id && frame.state !== "running";
  operation.value = frame;
  if (ended && frame.state === "failed") toast(frame.message || "Scaling failed", "error");
}

/** @type {ReturnType<typeof openFeed> | null} */
let feed = null;

/** Connect, and keep the clocks of the page running. */
export function start() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const report = () => {
    if (!feed) return;
    const { phase } = feed.machine;
    const next = { phase, silence: Math.round(feed.silence()), retryIn: Math.ceil(feed.untilRetry()) };
    const now = connection.peek();
    const same = now.phase === next.phase && now.silence === next.silence && now.retryIn === next.retryIn;
    if (!same) connection.value = next;
  };
  feed = openFeed(`${scheme}://${location.host}/live`, apply, report);
  setInterval(() => {
    report();
    second.value = Date.now() / 1000 + clockOffset;
  }, 1000);
  addEventListener("popstate", () => {
    view.value = parseView(location.search);
  });
}

/**
 * Look at something else.
 *
 * @param {Partial<View>} change
 * @param {{replace?: boolean}} [options] replace: no entry of its own in the browser's history (typing)
 */
export function look(change, { replace = false } = {}) {
  const next = { ...view.peek(), ...change };
  view.value = next;
  const address = `${location.pathname}${formatView(next)}`;
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
}

/** Open or close a station's log. @param {string} id */
export function toggleLogOf(id) {
  const next = toggleLog(view.peek(), id);
  for (const closed of view.peek().log) if (!next.log.includes(closed)) follow(closed, false);
  look(next, { replace: true });
}

/** What is known of a station's log. @param {string} id */
export function logOf(id) {
  logsVersion.value;
  return { log: logs.get(id), problem: logProblems.get(id) ?? "", fetching: fetching.has(id) };
}

/**
 * Get a station's log unless it is kept or on its way.
 *
 * @param {string} id
 * @param {{again?: boolean}} [options]
 */
export function loadLog(id, { again = false } = {}) {
  if (fetching.has(id) || (!again && (logs.get(id) || logProblems.has(id)))) return;
  logProblems.delete(id);
  const request = fetchLogs(id)
    .then((body) => void logs.put(id, body.logs, second.peek()))
    .catch((error) => void logProblems.set(id, error.message))
    .finally(() => {
      fetching.delete(id);
      logsVersion.value += 1;
    });
  fetching.set(id, request);
  logsVersion.value += 1;
}

/** Follow a station's log as it grows, or stop doing so. @param {string} id @param {boolean} on */
export function follow(id, on) {
  if (followed.peek().has(id) === on) return;
  const next = new Set(followed.peek());
  if (on) next.add(id);
  else next.delete(id);
  followed.value = next;
  if (on) feed?.subscribe(id);
  else feed?.unsubscribe(id);
}

/** Start a stopped station, stop any other. @param {string} id */
export async function switchStation(id) {
  const row = fleet.rows.get(id);
  if (!row || switching.peek().has(id) || !reachable.peek()) return;
  switching.value = new Set([...switching.peek(), id]);
  const starts = row.state === "Stopped";
  try {
    await (starts ? startStation(id) : stopStation(id));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    toast(`${id} was not ${starts ? "started" : "stopped"}: ${reason}`, "error");
  } finally {
    const rest = new Set(switching.peek());
    rest.delete(id);
    switching.value = rest;
  }
}

/**
 * Say something. Errors stay until they are dismissed.
 *
 * @param {string} text
 * @param {"info" | "error"} [kind]
 * @param {{action?: Toast["action"], seconds?: number}} [options]
 */
export function toast(text, kind = "info", { action, seconds = TOAST_SECONDS } = {}) {
  toastCount += 1;
  const id = toastCount;
  toasts.value = [...toasts.peek().slice(-3), { id, text, kind, ...(action && { action }) }];
  if (kind === "info") setTimeout(() => dismiss(id), seconds * 1000);
}

/** @param {number} id */
export function dismiss(id) {
  toasts.value = toasts.peek().filter((other) => other.id !== id);
}
