/**
 * The part of a very large swarm that the server has sent: rows at positions of an order that only the server knows.
 * Decides which window to ask for next. No page, no network.
 *
 * @typedef {import("../protocol.js").Row} Row
 * @typedef {import("./fleet.js").Query} Query
 */

/** Rows a window; the most that the server sends. */
export const WINDOW_ROWS = 200;
/** Windows begin at multiples of this, so that small movements ask for nothing new. */
const STEP = 50;

/** What the API calls the columns that the page sorts by. @type {Record<import("./fleet.js").SortKey, string>} */
export const API_SORTS = {
  station: "station_id",
  status: "status",
  worker: "worker_id",
  power: "power_kw",
  session: "session_kwh",
  energy: "energy_kwh",
  earnings: "earnings",
  seen: "last_message_at",
};

export class WindowRows {
  constructor() {
    this.total = 0;
    this.offset = 0;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {import("../protocol.js").WindowFrame["facets"]} */
    this.facets = { states: {}, workers: {}, profiles: {} };
    /** What was asked last, as text; its offset apart from the rest. */
    this.asked = "";
    this.askedOrder = "";
    /** Where stations stood that were looked for. @type {Map<string, number>} */
    this.seen = new Map();
  }

  /**
   * The request for what is in sight, or null when that is what was asked last.
   *
   * @param {Query} query
   * @param {number} first position of the first row in sight
   * @param {number} last one past the last
   */
  ask(query, first, last) {
    const middle = (first + last) / 2 - WINDOW_ROWS / 2;
    const offset = Math.max(0, Math.round(middle / STEP) * STEP);
    const frame = {
      type: /** @type {const} */ ("window"),
      q: query.q.trim(),
      status: query.status,
      worker: query.worker,
      profile: query.profile,
      sort: API_SORTS[query.sort],
      dir: query.dir,
      offset,
      limit: WINDOW_ROWS,
    };
    const text = JSON.stringify(frame);
    if (text === this.asked) return null;
    this.asked = text;
    const order = JSON.stringify({ ...frame, offset: 0 });
    if (order !== this.askedOrder) this.seen.clear();
    this.askedOrder = order;
    return frame;
  }

  /** @param {Omit<import("../protocol.js").WindowFrame, "rows">} frame @param {Row[]} rows its rows, decoded @param {boolean} [held] */
  put(frame, rows, held = false) {
    if (held && frame.offset === this.offset && this.rows.length > 0) {
      // Rows must not jump: what is known of them is new, where they stand is not.
      const byId = new Map(rows.map((row) => [row.id, row]));
      rows = this.rows.map((row) => byId.get(row.id) ?? row);
    }
    this.total = frame.total;
    this.offset = frame.offset;
    this.facets = frame.facets;
    this.rows = rows;
  }

  /** The row at a position, if it is here. @param {number} index */
  at(index) {
    return this.rows[index - this.offset];
  }

  /** The row of a station, if it is here. @param {string} id */
  find(id) {
    return this.rows.find((row) => row.id === id);
  }

  /** Where a station stands, or stood when it was here last; -1 where that is not known. @param {string} id */
  indexOf(id) {
    const index = this.rows.findIndex((row) => row.id === id);
    const last = this.seen.get(id) ?? -1;
    if (index >= 0) this.seen.set(id, index + this.offset);
    else if (this.at(last)) this.seen.delete(id);
    return this.seen.get(id) ?? -1;
  }
}
