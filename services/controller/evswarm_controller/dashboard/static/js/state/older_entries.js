/**
 * Paging back beyond the lines that a station keeps: lines and calls come from the history in pages of their own, and
 * are shown in one order. An entry is held back while the other kind may still have newer ones. No page, no network.
 *
 * @typedef {import("./log_entries.js").Entry} Entry
 * @typedef {"logs" | "messages"} Topic
 */

import { entryOf, merged } from "./log_entries.js";

/** Most entries of the past that are kept for one log. */
export const MOST_OLDER = 2000;

export class OlderEntries {
  /** @param {number} until unix seconds: what is older than this is wanted */
  constructor(until) {
    this.until = until;
    /** Cursor of the next page; null at the end. @type {Record<Topic, string | null>} */
    this.cursors = { logs: "", messages: "" };
    /** Time of the oldest entry that came. @type {Record<Topic, number>} */
    this.reached = { logs: Number.POSITIVE_INFINITY, messages: Number.POSITIVE_INFINITY };
    /** Newest first. @type {Entry[]} */
    this.entries = [];
  }

  /** What to ask for next: the topics that have shown least of the past. @returns {Topic[]} */
  next() {
    const open = /** @type {Topic[]} */ (["logs", "messages"]).filter(
      (topic) => this.cursors[topic] !== null,
    );
    const newest = Math.max(...open.map((topic) => this.reached[topic]));
    return this.entries.length < MOST_OLDER ? open.filter((topic) => this.reached[topic] === newest) : [];
  }

  /** What a page of `topic` is asked for with. @param {Topic} topic @param {string} station */
  question(topic, station) {
    return { station, until: this.until, limit: 100, cursor: this.cursors[topic] };
  }

  /** @param {Topic} topic @param {{items: any[], next_cursor: string | null}} page */
  put(topic, page) {
    const entries = page.items.map(entryOf);
    this.entries = merged(this.entries, entries);
    this.reached[topic] = entries.at(-1)?.at ?? this.reached[topic];
    this.cursors[topic] = page.next_cursor;
  }

  /** What may be shown, newest first. */
  shown() {
    const horizon = Math.max(
      ...["logs", "messages"].map((topic) =>
        this.cursors[/** @type {Topic} */ (topic)] === null ? 0 : this.reached[/** @type {Topic} */ (topic)],
      ),
    );
    return this.entries.filter(({ at }) => at >= horizon);
  }

  /** Whether the past has been shown whole, as far as it is kept. */
  get ended() {
    return this.cursors.logs === null && this.cursors.messages === null;
  }
}
