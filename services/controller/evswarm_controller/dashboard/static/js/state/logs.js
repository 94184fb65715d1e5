/** The logs that were looked at: fetched once, kept, paged back, and followed on the feed while that is asked for. */

import { signal } from "../../vendor/runtime.js";
import { fetchHistory, fetchLogs } from "../api.js";
import { listen, second, sendFrame } from "../model.js";
import { LogCache } from "./log_cache.js";
import { EVERYTHING, entriesOf, entryOf, merged } from "./log_entries.js";
import { OlderEntries } from "./older_entries.js";

/** @typedef {import("./log_entries.js").LogFilter} LogFilter */

/** Most calls that a followed log grows to; older ones come from the history. */
const MOST_CALLS = 500;

const logs = new LogCache();
/** @type {Map<string, Promise<void>>} */
const fetching = new Map();
/** @type {Map<string, string>} */
const problems = new Map();
/** @type {Map<string, LogFilter>} */
const filters = new Map();
/** Grows whenever a kept log, its filter, or the failure to get it, changed. */
const logsVersion = signal(0);
/** Stations whose log is followed live. @type {import("../../vendor/runtime.js").Signal<ReadonlySet<string>>} */
export const followed = signal(new Set());

const changed = () => {
  logsVersion.value += 1;
};

listen("log", (frame) => {
  const known = logs.get(frame.id);
  const calls = (frame.calls ?? []).map(entryOf).reverse();
  const before = (known?.entries ?? []).filter(({ call }) => call);
  logs.put(frame.id, {
    entries: merged([...entriesOf(frame), ...calls], before.slice(0, MOST_CALLS)),
    at: second.peek(),
    messages: known?.messages ?? "kept",
    older: known?.older ?? null,
  });
  changed();
});

/** What is known of a station's log. @param {string} id */
export function logOf(id) {
  logsVersion.value;
  return {
    log: logs.get(id),
    problem: problems.get(id) ?? "",
    fetching: fetching.has(id),
    filter: filters.get(id) ?? EVERYTHING,
  };
}

/** Show only part of a station's log. @param {string} id @param {Partial<LogFilter>} change */
export function filterLog(id, change) {
  filters.set(id, { ...(filters.get(id) ?? EVERYTHING), ...change });
  changed();
}

/**
 * Get a station's log unless it is kept or on its way.
 *
 * @param {string} id
 * @param {{again?: boolean}} [options]
 */
export function loadLog(id, { again = false } = {}) {
  if (!again && (logs.get(id) || problems.has(id))) return;
  fetchOnce(id, async () => {
    const body = await fetchLogs(id);
    const older = logs.get(id)?.older ?? null;
    logs.put(id, { entries: entriesOf(body), at: second.peek(), messages: body.messages ?? "off", older });
  });
}

/** Get what is older than all that is shown, from the history. @param {string} id */
export function loadOlder(id) {
  const log = logs.get(id);
  if (!log) return;
  fetchOnce(id, async () => {
    const older = log.older ?? new OlderEntries(log.entries.at(-1)?.at || second.peek());
    const shown = older.shown().length;
    // A page may hold nothing that can be shown yet, because the other kind has newer entries.
    for (let round = 0; round < 4 && !older.ended && older.shown().length === shown; round += 1) {
      const topics = older.next();
      const pages = await Promise.all(topics.map((topic) => fetchHistory(topic, older.question(topic, id))));
      topics.forEach((topic, i) => {
        older.put(topic, /** @type {any} */ (pages[i]));
      });
      if (topics.length === 0) break;
    }
    const now = logs.get(id) ?? log;
    logs.put(id, { ...now, older });
  });
}

/** @param {string} id @param {() => Promise<void>} get */
function fetchOnce(id, get) {
  if (fetching.has(id)) return;
  problems.delete(id);
  const request = get()
    .catch((error) => void problems.set(id, error.message))
    .finally(() => {
      fetching.delete(id);
      changed();
    });
  fetching.set(id, request);
  changed();
}

/** Follow a station's log as it grows, or stop doing so. @param {string} id @param {boolean} on */
export function follow(id, on) {
  if (followed.peek().has(id) === on) return;
  const next = new Set(followed.peek());
  if (on) next.add(id);
  else next.delete(id);
  followed.value = next;
  sendFrame({ type: on ? "sub" : "unsub", log: id });
}
