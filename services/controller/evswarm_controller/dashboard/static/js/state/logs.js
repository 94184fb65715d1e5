/** The logs that were looked at: fetched once, kept, and followed on the feed while that is asked for. */

import { signal } from "../../vendor/runtime.js";
import { fetchLogs } from "../api.js";
import { listen, second, sendFrame } from "../model.js";
import { LogCache } from "./log_cache.js";

const logs = new LogCache();
/** @type {Map<string, Promise<void>>} */
const fetching = new Map();
/** @type {Map<string, string>} */
const problems = new Map();
/** Grows whenever a kept log, or the failure to get one, changed. */
const logsVersion = signal(0);
/** Stations whose log is followed live. @type {import("../../vendor/runtime.js").Signal<ReadonlySet<string>>} */
export const followed = signal(new Set());

listen("log", (frame) => {
  logs.put(frame.id, frame.events, second.peek());
  logsVersion.value += 1;
});

/** What is known of a station's log. @param {string} id */
export function logOf(id) {
  logsVersion.value;
  return { log: logs.get(id), problem: problems.get(id) ?? "", fetching: fetching.has(id) };
}

/**
 * Get a station's log unless it is kept or on its way.
 *
 * @param {string} id
 * @param {{again?: boolean}} [options]
 */
export function loadLog(id, { again = false } = {}) {
  if (fetching.has(id) || (!again && (logs.get(id) || problems.has(id)))) return;
  problems.delete(id);
  const request = fetchLogs(id)
    .then((body) => void logs.put(id, body.logs, second.peek()))
    .catch((error) => void problems.set(id, error.message))
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
  sendFrame({ type: on ? "sub" : "unsub", log: id });
}
