/**
 * The logs that were looked at, newest line first; the least recently used of more than `most` goes.
 *
 * @typedef {{time: string, text: string}} LogLine
 * @typedef {{lines: LogLine[], at: number}} CachedLog `at` is when it was fetched, in seconds of the caller's clock
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

  /**
   * Keep a log as the controller sends it, newest line last.
   *
   * @param {string} id
   * @param {string[]} lines
   * @param {number} at
   */
  put(id, lines, at) {
    const log = { lines: lines.map(parseLine).reverse(), at };
    this.logs.delete(id);
    this.logs.set(id, log);
    for (const oldest of this.logs.keys()) {
      if (this.logs.size <= this.most) break;
      this.logs.delete(oldest);
    }
    return log;
  }
}

/**
 * "[HH:MM:SS] message" in its two parts; a line of another form is all text.
 *
 * @param {string} line
 * @returns {LogLine}
 */
export function parseLine(line) {
  const parts = /^\[(\d\d:\d\d:\d\d)\] (.*)$/s.exec(line);
  return parts ? { time: parts[1] ?? "", text: parts[2] ?? "" } : { time: "", text: line };
}
