/**
 * The operations whose end this page waits for. The feed tells of an end to who is connected then: what ended while
 * this page was cut off has to be asked for. Pure.
 *
 * @typedef {import("../protocol.js").OpFrame} OpFrame
 */

export class Unsettled {
  constructor() {
    /** Id of each → what was heard of it last; null before anything was. @type {Map<string, OpFrame | null>} */
    this.waiting = new Map();
  }

  /** Wait for one that this page has begun. @param {string} id */
  add(id) {
    if (!this.waiting.has(id)) this.waiting.set(id, null);
  }

  /** Take a frame: commands to one station are waited for only by who gave them. @param {OpFrame} frame */
  put(frame) {
    if (frame.state !== "running") this.waiting.delete(frame.id);
    else if (frame.kind === "scale" || frame.total > 1 || this.waiting.has(frame.id))
      this.waiting.set(frame.id, frame);
  }

  /** The frame for one that the controller has forgotten, as it does after an hour. @param {string} id @returns {OpFrame} */
  forgotten(id) {
    const last = this.waiting.get(id) ?? {
      type: /** @type {const} */ ("op"),
      id,
      kind: "bulk",
      done: 0,
      total: 0,
      failed: 0,
      created_at: 0,
    };
    return {
      ...last,
      state: "failed",
      message: "What became of it is no longer known.",
      updated_at: Number.POSITIVE_INFINITY,
    };
  }
}

/** An operation of the API as the feed tells of it. @param {any} view OperationView @returns {OpFrame} */
export const frameOf = (view) => ({
  type: "op",
  id: view.operation_id,
  kind: view.kind,
  action: view.action,
  cancelling: view.cancelling,
  state: view.state,
  done: view.done,
  total: view.target,
  failed: view.failed,
  message: view.message,
  created_at: Date.parse(view.created_at) / 1000,
  updated_at: Date.parse(view.updated_at) / 1000,
});
