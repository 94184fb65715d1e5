/** One station under observation: asked for again and again while its page is shown. */

import { signal, useEffect, useMemo } from "../../vendor/runtime.js";
import { ApiError, call } from "../api.js";
import { pausedAt, reachable } from "../model.js";
import { PowerTrail } from "./power_trail.js";

/**
 * @typedef {import("./detail.js").Detail} Detail
 * @typedef {"loading" | "here" | "silent" | "unknown"} Presence
 *   silent: there is such a station, and nobody can describe it at the moment
 */

const LOOK_MS = 2000;
const HIDDEN_LOOK_MS = 15_000;
/** Every so many looks, and when the profiles changed, the composite schedules are worked out again. */
const SCHEDULE_EVERY = 10;

export class Watch {
  /** Owes a `close`. @param {string} id */
  constructor(id) {
    this.id = id;
    this.base = `/stations/${encodeURIComponent(id)}`;
    /** Grows with every change. */
    this.version = signal(0);
    /** @type {Detail | null} */
    this.detail = null;
    /** What is stored of a station that nobody describes. @type {any} */
    this.row = null;
    /** @type {Presence} */
    this.presence = "loading";
    /** Why there is nothing newer. */
    this.problem = "";
    this.trail = new PowerTrail();
    /** Why the chart has no past; "" when it has. */
    this.pastProblem = "";
    this.pastMinutes = 0;
    this.looks = 0;
    this.profiles = "";
    this.looking = false;
    this.closed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    void this.look();
  }

  /** Ask once, now. */
  async look() {
    if (this.looking || this.closed) return;
    this.looking = true;
    clearTimeout(this.timer);
    const scheduled = this.looks % SCHEDULE_EVERY === 0;
    try {
      /** @type {Detail} */
      const detail = await call(`${this.base}/detail?schedule_hours=${scheduled ? 24 : 0}`);
      this.#take(detail, scheduled);
    } catch (error) {
      await this.#failed(error);
    }
    this.looking = false;
    this.#changed();
    if (!this.closed)
      this.timer = setTimeout(() => this.#again(), document.hidden ? HIDDEN_LOOK_MS : LOOK_MS);
  }

  /** The next look, unless the page stands still. */
  #again() {
    if (pausedAt.peek() === 0) void this.look();
    else this.timer = setTimeout(() => this.#again(), LOOK_MS);
  }

  /** @param {Detail} detail @param {boolean} scheduled */
  #take(detail, scheduled) {
    if (!scheduled && this.detail) detail.schedules = this.detail.schedules;
    this.detail = detail;
    this.presence = "here";
    this.problem = "";
    this.trail.takeLook(Date.parse(detail.at) / 1000, detail.connectors);
    const profiles = JSON.stringify([
      detail.charging_profiles,
      detail.connectors.map((c) => c.transaction?.transaction_id),
    ]);
    this.looks = profiles === this.profiles || scheduled ? this.looks + 1 : 0;
    this.profiles = profiles;
  }

  /** @param {unknown} error */
  async #failed(error) {
    this.looks = 0;
    this.problem = error instanceof Error ? error.message : String(error);
    const status = error instanceof ApiError ? error.status : 0;
    if (status === 404) {
      this.presence = "unknown";
      this.detail = null;
    } else if (status !== 401) {
      this.presence = "silent";
      this.row = await call(this.base).catch(() => this.row);
    }
  }

  /** Get power and limit of the last minutes from the history. @param {number} minutes */
  async lookBack(minutes) {
    if (minutes <= this.pastMinutes) return;
    this.pastMinutes = minutes;
    try {
      const answer = await call(`${this.base}/power?minutes=${minutes}`);
      if (this.pastMinutes !== minutes) return;
      this.trail.takeHistory(answer.connectors);
      this.pastProblem = answer.complete
        ? ""
        : "There is more than can be drawn: the oldest part is left out.";
    } catch (error) {
      this.pastProblem = `No past in this chart: ${error instanceof Error ? error.message : String(error)}`;
      this.pastMinutes = 0;
    }
    this.#changed();
  }

  #changed() {
    if (!this.closed) this.version.value = this.version.peek() + 1;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}

/** A station, as long as the component is shown. @param {string} id */
export function useWatch(id) {
  const watch = useMemo(() => new Watch(id), [id]);
  const live = reachable.value;
  useEffect(() => {
    // The controller is back, or the reader is: look at once.
    const look = () => void (document.hidden || watch.look());
    if (live) look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [watch, live]);
  useEffect(() => () => watch.close(), [watch]);
  watch.version.value;
  return watch;
}
