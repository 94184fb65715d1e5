/**
 * The operations that the feed tells of, newest first, and which of them deserve a line on the page: those on many
 * stations. Scaling has its own place beside the scale control. No page, no network.
 *
 * @typedef {import("../protocol.js").OpFrame} OpFrame
 */

/** How many are kept. */
export const MOST_KEPT = 20;
/** How many stand on the page at once. */
export const MOST_SHOWN = 3;

export class OperationLog {
  constructor() {
    /** @type {Map<string, OpFrame>} */
    this.known = new Map();
    /** Those that this page asked for. @type {Set<string>} */
    this.own = new Set();
    /** @type {Set<string>} */
    this.dismissed = new Set();
  }

  /**
   * Take a frame.
   *
   * @param {OpFrame} frame
   * @returns {boolean} whether the operation has ended with it
   */
  put(frame) {
    const before = this.known.get(frame.id);
    if (before && before.updated_at > frame.updated_at) return false;
    this.known.delete(frame.id);
    this.known.set(frame.id, frame);
    if (this.known.size > MOST_KEPT) {
      const shown = new Set(this.shown().map(({ id }) => id));
      for (const [id, { state }] of this.known) {
        if (this.known.size <= MOST_KEPT) break;
        if (state !== "running" && !shown.has(id)) this.known.delete(id);
      }
    }
    return frame.state !== "running" && before?.state !== frame.state;
  }

  /** What stands on the page, newest first. */
  shown() {
    return [...this.known.values()]
      .filter(({ id, kind }) => kind !== "scale" && !this.dismissed.has(id))
      .filter(({ id, total, state }) => this.own.has(id) || (total > 1 && state === "running"))
      .sort((a, b) => b.created_at - a.created_at)
      .slice(0, MOST_SHOWN);
  }

  /** @param {string} id */
  dismiss(id) {
    this.dismissed.add(id);
  }
}

/**
 * How an operation stands, in words that claim nothing that has not happened.
 *
 * @param {Pick<OpFrame, "state" | "done" | "total" | "failed">} operation
 */
export function outcome({ state, done, total, failed }) {
  const of = `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
  const but = failed > 0 ? `, ${failed.toLocaleString("en")} failed` : "";
  if (state === "running") return `${of} done${but}`;
  if (state === "succeeded") return `${of} done`;
  if (state === "cancelled") return `Cancelled: ${of} done${but}`;
  if (state === "superseded") return `Overtaken by a later command: ${of} done${but}`;
  return failed > 0 ? `${of} done${but}` : `Failed: ${of} done`;
}
