/**
 * The rows of all stations, and the question asked of them: which to show, in which order, and how many there would
 * be for each choice of a filter. No page, no network.
 *
 * @typedef {import("../protocol.js").Row} Row
 *
 * @typedef {"station" | "status" | "worker" | "power" | "session" | "energy" | "earnings" | "seen"} SortKey
 *
 * @typedef {object} Query
 * @property {string} q part of a station's id, worker, profile or last message, any case: as the API searches
 * @property {string} status a state, or one of the two wider ones of `WIDER_STATES`; "" for all
 * @property {string} worker "" for all
 * @property {string} profile "" for all
 * @property {SortKey} sort
 * @property {"asc" | "desc"} dir
 *
 * @typedef {Map<string, number>} Counts
 * @typedef {{ids: string[], status: Counts, worker: Counts, profile: Counts}} Answer
 *   The counts of a filter leave that filter itself out, so that they say what another choice would show.
 */

import { rowDecoder } from "../protocol.js";

/** Filters that are no state of their own: name and condition. @type {Record<string, (row: Row) => boolean>} */
export const WIDER_STATES = {
  Running: (row) => row.running,
  "In transaction": (row) => row.transactions > 0,
};

/** The value that a column sorts by. @type {Record<SortKey, (row: Row) => number | string>} */
const SORT_VALUES = {
  station: (row) => row.id,
  status: (row) => row.state,
  worker: (row) => row.worker,
  power: (row) => row.powerW,
  session: (row) => row.sessionWh,
  energy: (row) => row.energyMwh,
  earnings: (row) => row.earningsMicro,
  seen: (row) => row.lastMessageAt,
};

/** Columns whose values change by themselves: their order is held while the pointer is on the table. */
export const LIVE_SORTS = new Set(["status", "power", "session", "energy", "earnings", "seen"]);

/** @param {string} a @param {string} b */
const ascending = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param {Counts} counts @param {string} key */
const bump = (counts, key) => counts.set(key, (counts.get(key) ?? 0) + 1);

/** @param {Row} row @param {string} needle in lower case */
const says = (row, needle) =>
  row.id.toLowerCase().includes(needle) ||
  row.worker.toLowerCase().includes(needle) ||
  row.profile.includes(needle) ||
  row.lastMessage.toLowerCase().includes(needle);

export class Fleet {
  constructor() {
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** Whether every part of a snapshot has come. */
    this.complete = false;
    /** Ids in order, null when it has to be made again. @type {string[] | null} */
    this.sorted = [];
    /** @type {(wire: import("../protocol.js").WireRow) => Row} */
    this.decode = () => {
      throw new Error("a row came before the hello frame");
    };
    /** Rows of a snapshot of which parts are missing. @type {Map<string, Row>} */
    this.coming = new Map();
  }

  /** @param {string[]} fields the hello frame's */
  setFields(fields) {
    this.decode = rowDecoder(fields);
  }

  /**
   * Take one part of a snapshot; the rows held so far stay until the last part is in.
   *
   * @param {import("../protocol.js").SnapshotFrame} frame
   */
  snapshot(frame) {
    if (frame.part === 1) this.coming = new Map();
    for (const wire of frame.rows) {
      const row = this.decode(wire);
      this.coming.set(row.id, row);
    }
    if (frame.part !== frame.parts) return;
    this.rows = this.coming;
    this.coming = new Map();
    this.sorted = null;
    this.complete = true;
  }

  /** Take a patch. @param {import("../protocol.js").PatchFrame} frame */
  patch(frame) {
    for (const list of [frame.rows, frame.add]) {
      for (const wire of list ?? []) {
        const row = this.decode(wire);
        if (!this.rows.has(row.id)) this.sorted = null;
        this.rows.set(row.id, row);
      }
    }
    for (const id of frame.del ?? []) {
      if (this.rows.delete(id)) this.sorted = null;
    }
  }

  /** Ids of all stations, ascending. */
  idsInOrder() {
    this.sorted ??= [...this.rows.keys()].sort(ascending);
    return this.sorted;
  }

  /**
   * Which stations to show.
   *
   * @param {Query} query
   * @param {readonly string[] | null} held an order to keep: ids in it stay where they are, others follow at the end
   * @returns {Answer}
   */
  ask(query, held = null) {
    const needle = query.q.trim().toLowerCase();
    const wider = WIDER_STATES[query.status];
    /** @type {Answer} */
    const answer = { ids: [], status: new Map(), worker: new Map(), profile: new Map() };
    for (const id of this.idsInOrder()) {
      const row = /** @type {Row} */ (this.rows.get(id));
      if (needle && !says(row, needle)) continue;
      const status = query.status === "" || (wider ? wider(row) : row.state === query.status);
      const worker = query.worker === "" || row.worker === query.worker;
      const profile = query.profile === "" || row.profile === query.profile;
      if (worker && profile) {
        bump(answer.status, row.state);
        for (const name in WIDER_STATES) if (WIDER_STATES[name]?.(row)) bump(answer.status, name);
      }
      if (status && profile) bump(answer.worker, row.worker);
      if (status && worker) bump(answer.profile, row.profile);
      if (status && worker && profile) answer.ids.push(id);
    }
    if (held) answer.ids = keepOrder(answer.ids, held);
    else this.#sort(answer.ids, query);
    return answer;
  }

  /**
   * What stops when only the first `count` numbered stations are kept: ids beyond, and their open transactions.
   * Stations that were created by name stay.
   *
   * @param {number} count
   * @param {string} prefix what the ids of numbered stations begin with, before at least six digits
   */
  beyond(count, prefix) {
    const gone = { stations: 0, transactions: 0, first: "", last: "" };
    for (const id of this.idsInOrder()) {
      const digits = id.startsWith(prefix) ? id.slice(prefix.length) : "";
      if (!/^\d{6,}$/.test(digits) || Number(digits) <= count) continue;
      gone.stations += 1;
      gone.transactions += this.rows.get(id)?.transactions ?? 0;
      gone.first ||= id;
      gone.last = id;
    }
    return gone;
  }

  /** @param {string[]} ids in ascending order @param {Query} query */
  #sort(ids, query) {
    const sign = query.dir === "desc" ? -1 : 1;
    if (query.sort === "station") {
      if (sign < 0) ids.reverse();
      return;
    }
    const value = SORT_VALUES[query.sort];
    /** @type {Map<string, number | string>} */
    const values = new Map();
    for (const id of ids) values.set(id, value(/** @type {Row} */ (this.rows.get(id))));
    ids.sort((a, b) => {
      const x = /** @type {number | string} */ (values.get(a));
      const y = /** @type {number | string} */ (values.get(b));
      return x < y ? -sign : x > y ? sign : 0;
    });
  }
}

/** @param {string[]} ids @param {readonly string[]} held */
function keepOrder(ids, held) {
  const left = new Set(ids);
  const kept = held.filter((id) => left.delete(id));
  return [...kept, ...left];
}
