/**
 * The logs that were looked at, newest entry first; the least recently used of more than `most` goes.
 *
 * @typedef {import("./log_entries.js").Entry} Entry
 * @typedef {import("./older_entries.js").OlderEntries} OlderEntries
 *
 * @typedef {object} CachedLog
 * @property {Entry[]} entries newest first
 * @property {number} at when it was fetched, in seconds of the caller's clock
 * @property {string} messages whether calls are among the entries: kept, off (no history) or away (it does not answer)
 * @property {OlderEntries | null} older what was paged back to
 */

/** How many logs are kept. */
export const MOST_CACHED = 64;

export class LogCache {
  /** @param {number} [most] */
  constructor(most = MOST_CACHED) {
    this.most = most;
    /** @type {Map<string, CachedLog>} */
    this.logs = new Map();
  }

  /** The log, if it is kept; looking counts as use. @param {string} id @returns {CachedLog | null} */
  get(id) {
    const log = this.logs.get(id);
    if (!log) return null;
    this.logs.delete(id);
    this.logs.set(id, log);
    return log;
  }

  /** Keep a log. @param {string} id @param {CachedLog} log */
  put(id, log) {
    this.logs.delete(id);
    this.logs.set(id, log);
    for (const oldest of this.logs.keys()) {
      if (this.logs.size <= this.most) break;
      this.logs.delete(oldest);
    }
    return log;
  }
}
