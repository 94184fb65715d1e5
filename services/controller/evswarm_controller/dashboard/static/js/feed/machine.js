/**
 * The life of the connection to the feed, without a socket and without a clock: events and times go in, actions come
 * out. Decides when to connect, what to say, when data is stale, and whether a patch may be applied.
 *
 * @typedef {import("../protocol.js").ServerFrame} ServerFrame
 * @typedef {import("../protocol.js").ClientFrame} ClientFrame
 *
 * @typedef {"connecting" | "loading" | "live" | "stale" | "waiting" | "incompatible"
 *   | "unauthorized"} Phase
 *   connecting: a socket is being opened; loading: open, the snapshot has not come whole; live; stale: open, but
 *   ticks are missing; waiting: closed, the next attempt is at `retryAt`; incompatible: the controller speaks another
 *   version of the feed, only a reload helps; unauthorized: the controller asks for its token first.
 *
 * @typedef {{do: "connect"} | {do: "close"} | {do: "send", frame: ClientFrame}
 *   | {do: "apply", frame: ServerFrame} | {do: "changed"}} Action
 */

import { PROTOCOL_VERSION } from "../protocol.js";

/** Shortest and longest ceiling of the pause before an attempt, in seconds; the pause is drawn below it. */
export const RETRY_FLOOR = 0.5;
export const RETRY_CEILING = 8;
/** Ticks that may be missing before data is stale, and before the socket is given up. */
export const STALE_TICKS = 3;
export const DEAD_TICKS = 20;
/** Seconds that opening a socket may take. */
export const CONNECT_TIMEOUT = 10;
/** So often within so many seconds the controller may say that this page falls behind before it is too slow. */
export const BEHIND_TIMES = 3;
export const BEHIND_SECONDS = 60;
/** Patches a second that are asked for: usually, by a page that is too slow, and by one that nobody sees. */
const RATES = Object.freeze({ full: 2, slow: 0.5, hidden: 0.2 });
/** The code a controller closes with when it asks for a token, or when the session is over. */
export const SIGN_IN_CODE = 4401;

export class FeedMachine {
  /** @param {() => number} random draws from 0 (inclusive) to 1 (exclusive) */
  constructor(random) {
    this.random = random;
    /** @type {Phase} */
    this.phase = "connecting";
    /** Time of the last frame; 0 before the first. */
    this.heardAt = 0;
    /** Time of the next attempt while waiting. */
    this.retryAt = 0;
    /** Gaps in the sequence that were seen. */
    this.gaps = 0;
    this.attempts = 0;
    this.tickSeconds = 0.5;
    /** Patches a second that were asked for last. @type {number} */
    this.hz = RATES.full;
    /** Whether this page cannot take patches as fast as they are made, so that it asks for fewer. */
    this.tooSlow = false;
    /** When the controller said that this page falls behind, of late. @type {number[]} */
    this.behindAt = [];
    this.hidden = false;
    this.epoch = "";
    this.seq = 0;
    /** Whether the rows held are a whole snapshot plus every patch up to `seq`. */
    this.whole = false;
    /** What has to be said again after a reconnect, by what it is about. @type {Map<string, ClientFrame>} */
    this.standing = new Map();
    this.since = 0;
    /** Time from which frames are expected at the present rate. */
    this.rateSince = 0;
  }

  /** Whether anything may be sent. */
  get open() {
    return this.phase === "loading" || this.phase === "live" || this.phase === "stale";
  }

  /** Seconds between two frames that are to be expected. */
  get expectedGap() {
    return Math.max(this.tickSeconds, 1 / this.hz);
  }

  /** Begin. @param {number} now @returns {Action[]} */
  start(now) {
    this.since = now;
    return [...this.#enter("connecting"), { do: "connect" }];
  }

  /** A frame came in. @param {ServerFrame} frame @param {number} now @returns {Action[]} */
  receive(frame, now) {
    this.heardAt = now;
    switch (frame.type) {
      case "hello":
        return this.#hello(frame);
      case "snapshot":
        if (!this.open) return [];
        if (frame.part === 1) this.whole = false;
        if (frame.part === frame.parts) {
          this.whole = true;
          this.seq = frame.seq;
          this.attempts = 0;
          return [{ do: "apply", frame }, ...this.#enter("live")];
        }
        return [{ do: "apply", frame }];
      case "patch": {
        if (!this.open || !this.whole) return [];
        if (frame.seq <= this.seq) return this.#enter("live");
        if (frame.seq !== this.seq + 1) {
          this.gaps += 1;
          this.whole = false;
          return [{ do: "send", frame: { type: "resync" } }];
        }
        this.seq = frame.seq;
        this.attempts = 0;
        return [{ do: "apply", frame }, ...this.#enter("live")];
      }
      case "resync":
        this.whole = false;
        return frame.reason === "behind" ? this.#behind(now) : [];
      default:
        return [{ do: "apply", frame }];
    }
  }

  /**
   * The socket closed or never opened.
   *
   * @param {number} now
   * @param {number} [code] of the closing frame, if there was one
   * @returns {Action[]}
   */
  closed(now, code = 0) {
    if (this.phase === "waiting" || this.phase === "incompatible" || this.phase === "unauthorized") return [];
    if (code === SIGN_IN_CODE) return this.#enter("unauthorized");
    const ceiling = Math.min(RETRY_CEILING, RETRY_FLOOR * 2 ** this.attempts);
    this.attempts += 1;
    this.retryAt = now + this.random() * ceiling;
    return this.#enter("waiting");
  }

  /** The controller asks for its token, or whoever sits here signed out. @returns {Action[]} */
  lock() {
    return [...this.#enter("unauthorized"), { do: "close" }];
  }

  /** The token was given: connect again. @param {number} now @returns {Action[]} */
  unlock(now) {
    if (this.phase !== "unauthorized") return [];
    this.attempts = 0;
    return this.start(now);
  }

  /** Time has passed; call a few times a second. @param {number} now @returns {Action[]} */
  tick(now) {
    if (this.phase === "waiting" && now >= this.retryAt) {
      this.since = now;
      return [...this.#enter("connecting"), { do: "connect" }];
    }
    if (this.phase === "connecting" && now - this.since > CONNECT_TIMEOUT) {
      return [{ do: "close" }, ...this.closed(now)];
    }
    if (this.open) {
      const silence = now - Math.max(this.heardAt, this.rateSince);
      if (silence > DEAD_TICKS * this.expectedGap) return [{ do: "close" }, ...this.closed(now)];
      if (this.phase === "live" && silence > STALE_TICKS * this.expectedGap) return this.#enter("stale");
      if (this.tooSlow && now - (this.behindAt.at(-1) ?? 0) > BEHIND_SECONDS) {
        this.tooSlow = false;
        this.behindAt = [];
        return [...this.#pace(now), { do: "changed" }];
      }
    }
    return [];
  }

  /**
   * The page was hidden or shown; a hidden one asks for fewer frames.
   *
   * @param {boolean} hidden
   * @param {number} now
   * @returns {Action[]}
   */
  visibility(hidden, now) {
    this.hidden = hidden;
    return this.#pace(now);
  }

  /**
   * Say something. What holds until it is taken back is said again after every reconnect.
   *
   * @param {ClientFrame} frame
   * @returns {Action[]}
   */
  send(frame) {
    const subject = subjectOf(frame);
    if (frame.type === "unsub") {
      if (!this.standing.delete(subject)) return [];
    } else if (subject) this.standing.set(subject, frame);
    // Who asks for everything anew holds nothing that a later connection could go on from.
    if (frame.type === "resync") this.whole = false;
    return this.open ? [{ do: "send", frame }] : [];
  }

  /** @param {import("../protocol.js").HelloFrame} frame @returns {Action[]} */
  #hello(frame) {
    if (frame.v !== PROTOCOL_VERSION) return [...this.#enter("incompatible"), { do: "close" }];
    const resumes = this.whole && frame.epoch === this.epoch && frame.seq >= this.seq;
    this.tickSeconds = frame.tick;
    if (!resumes) this.whole = false;
    this.epoch = frame.epoch;
    /** @type {Action[]} */
    const actions = [
      { do: "apply", frame },
      {
        do: "send",
        frame: resumes ? { type: "hello", epoch: this.epoch, seq: this.seq } : { type: "hello" },
      },
    ];
    if (this.hz !== RATES.full) actions.push({ do: "send", frame: { type: "rate", hz: this.hz } });
    for (const said of this.standing.values()) actions.push({ do: "send", frame: said });
    return [...actions, ...this.#enter("loading")];
  }

  /** The controller had to leave patches out for this page. @param {number} now @returns {Action[]} */
  #behind(now) {
    this.behindAt = [...this.behindAt, now].filter((at) => now - at < BEHIND_SECONDS);
    if (this.tooSlow || this.behindAt.length < BEHIND_TIMES) return [];
    this.tooSlow = true;
    return [...this.#pace(now), { do: "changed" }];
  }

  /** Ask for as many patches as this page can use now. @param {number} now @returns {Action[]} */
  #pace(now) {
    this.rateSince = now;
    this.hz = this.hidden ? RATES.hidden : this.tooSlow ? RATES.slow : RATES.full;
    return this.open ? [{ do: "send", frame: { type: "rate", hz: this.hz } }] : [];
  }

  /** @param {Phase} phase @returns {Action[]} */
  #enter(phase) {
    if (this.phase === phase) return [];
    this.phase = phase;
    return [{ do: "changed" }];
  }
}

/** What a frame that holds until it is taken back is about; "" for all others. @param {ClientFrame} frame */
function subjectOf(frame) {
  if (frame.type === "window") return "window";
  if (frame.type !== "sub" && frame.type !== "unsub") return "";
  return "log" in frame ? `log ${frame.log}` : "messages";
}
