/**
 * Messages in the order of time: the newest from the feed, older ones from the history, each once. Pure.
 *
 * @typedef {import("../protocol.js").MessageRecord} MessageRecord
 *
 * @typedef {object} Filter What is looked at; "" and false: anything.
 * @property {string} station
 * @property {string} worker
 * @property {string} action
 * @property {string} direction from_station or to_station
 * @property {string} kind what became of the call: answered, error, unanswered or malformed
 * @property {boolean} errors only what was not answered well
 * @property {string} text
 * @property {string} since RFC 3339
 * @property {string} until RFC 3339
 */

/** @type {Readonly<Filter>} */
export const ANYTHING = Object.freeze({
  station: "",
  worker: "",
  action: "",
  direction: "",
  kind: "",
  errors: false,
  text: "",
  since: "",
  until: "",
});

/** Messages from the feed that are kept; what was fetched from the history stays beside them. */
export const MOST_LIVE = 300;
export const PAGE_SIZE = 100;

/** A message's name among all others. @param {MessageRecord} record */
export const keyOf = (record) =>
  `${record.station_id} ${record.side} ${record.direction} ${record.unique_id} ${record.at}`;

/** Whether a time range asks for the past alone. @param {Filter} filter */
export const isPast = (filter) => Boolean(filter.until);

/**
 * What the feed is asked to send for a filter.
 *
 * @param {Filter} filter
 * @returns {import("../protocol.js").MessageFilter}
 */
export function subscriptionOf(filter) {
  /** @type {import("../protocol.js").MessageFilter} */
  const wanted = {};
  for (const name of /** @type {const} */ (["station", "worker", "action", "direction", "kind", "text"])) {
    if (filter[name]) wanted[name] = filter[name];
  }
  if (filter.errors) wanted.errors = true;
  return wanted;
}

export class MessageLog {
  constructor() {
    /** @type {Map<string, MessageRecord>} */
    this.live = new Map();
    /** @type {Map<string, MessageRecord>} */
    this.old = new Map();
    /** What came while the list stands still. @type {Map<string, MessageRecord>} */
    this.held = new Map();
    this.paused = false;
    /** Messages that matched and were too many to be sent. */
    this.skipped = 0;
    /** Where the history goes on; null: there is no more of it. @type {string | null | undefined} */
    this.cursor = undefined;
  }

  /**
   * Take what the feed sent.
   *
   * @param {readonly MessageRecord[]} items
   * @param {number} skipped
   */
  take(items, skipped) {
    this.skipped += skipped;
    put(this.paused ? this.held : this.live, items);
  }

  /** Let the list stand still, or go on with what came meanwhile. @param {boolean} on */
  pause(on) {
    this.paused = on;
    if (on) return;
    put(this.live, [...this.held.values()]);
    this.held.clear();
  }

  /**
   * What to ask the history for next.
   *
   * @param {Filter} filter
   * @returns {Record<string, string | number>}
   */
  question(filter) {
    const oldest = this.cursor === undefined ? this.records().at(-1) : undefined;
    // The oldest one shown may share its millisecond with others.
    const until = filter.until || (oldest ? String((Date.parse(oldest.at) + 1) / 1000) : "");
    return {
      station: filter.station,
      action: filter.action,
      direction: filter.direction,
      status: filter.kind || (filter.errors ? "failed" : ""),
      text: filter.text,
      since: filter.since,
      until,
      limit: PAGE_SIZE,
      cursor: this.cursor ?? "",
    };
  }

  /** Take a page of the history. @param {{items: MessageRecord[], next_cursor: string | null}} page */
  takeOlder(page) {
    for (const item of page.items) {
      const key = keyOf(item);
      if (!this.live.has(key)) this.old.set(key, item);
    }
    this.cursor = page.next_cursor;
  }

  /**
   * Take the newest messages of the history, as the feed would have sent those that it did not.
   *
   * @param {readonly MessageRecord[]} items
   */
  takeMissed(items) {
    this.take(
      items.filter((item) => !this.old.has(keyOf(item))),
      0,
    );
  }

  /** Everything that is shown, newest first. @returns {MessageRecord[]} */
  records() {
    return [...this.live.values(), ...this.old.values()].sort(newestFirst);
  }
}

/** @param {MessageRecord} a @param {MessageRecord} b */
const newestFirst = (a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0);

/**
 * Add messages, and let the oldest go where there are too many.
 *
 * @param {Map<string, MessageRecord>} kept
 * @param {readonly MessageRecord[]} items
 */
function put(kept, items) {
  for (const item of items) kept.set(keyOf(item), item);
  if (kept.size <= MOST_LIVE) return;
  for (const record of [...kept.values()].sort(newestFirst).slice(MOST_LIVE)) kept.delete(keyOf(record));
}
