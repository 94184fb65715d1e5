/** The messages that a page looks at: one subscription on the feed, and the history behind it. */

import { signal, useEffect, useMemo } from "../../vendor/runtime.js";
import { fetchHistory } from "../api.js";
import { hello, listen, pausedAt, sendFrame } from "../model.js";
import { isPast, MessageLog, subscriptionOf } from "./message_log.js";

/** @typedef {import("./message_log.js").Filter} Filter */

/** A message is in the history this long after it passed, unless the database is away. */
const ON_ITS_WAY_MS = 3000;

/** Whose subscription holds: a newer one replaces an older one. @type {Tail | null} */
let subscriber = null;

export class Tail {
  /** Owes a `close`. @param {Filter} filter */
  constructor(filter) {
    this.filter = filter;
    this.log = new MessageLog();
    /** Grows with every change. */
    this.version = signal(0);
    this.fetching = false;
    this.problem = "";
    this.live = !isPast(filter);
    this.closed = false;
    /** Which messages are recorded at all. @type {"all" | "sampled" | "errors" | "off"} */
    this.kept = "all";
    this.stop = listen("messages", (frame) => {
      this.kept = frame.kept ?? "all";
      this.log.take(frame.items, frame.skipped);
      this.changed();
    });
    if (this.live) {
      subscriber = this;
      sendFrame({ type: "sub", messages: subscriptionOf(filter) });
    }
    void this.older();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.secondLook = this.live ? setTimeout(() => void this.missed(), ON_ITS_WAY_MS) : undefined;
  }

  /** Whether a historian keeps messages; true until the controller has said otherwise. */
  get recorded() {
    return hello.value?.history !== false;
  }

  /** Whether the history can be asked for what the filter wants. */
  get searchable() {
    return this.recorded && !this.filter.worker;
  }

  /** Get the next page of the history. */
  async older() {
    if (this.fetching || !this.searchable || this.log.cursor === null) return;
    this.fetching = true;
    this.problem = "";
    this.changed();
    try {
      const page = await fetchHistory("messages", this.log.question(this.filter));
      this.log.takeOlder(page);
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.fetching = false;
    this.changed();
  }

  /** Look once more at the newest page of the history, for what was on its way there when the feed began. */
  async missed() {
    if (this.closed || !this.searchable) return;
    try {
      const question = { ...this.log.question(this.filter), until: "", cursor: "" };
      this.log.takeMissed((await fetchHistory("messages", question)).items);
    } catch {
      // The page tells already when the history cannot be asked.
      return;
    }
    this.changed();
  }

  /** Let the list stand still, or go on. @param {boolean} on */
  pause(on) {
    this.log.pause(on);
    this.changed();
  }

  changed() {
    if (!this.closed) this.version.value = this.version.peek() + 1;
  }

  close() {
    this.closed = true;
    clearTimeout(this.secondLook);
    this.stop();
    if (subscriber !== this) return;
    subscriber = null;
    sendFrame({ type: "unsub", messages: true });
  }
}

/**
 * The messages of a filter, as long as the component is shown; another filter begins anew.
 *
 * @param {Filter} filter
 */
export function useTail(filter) {
  const wanted = JSON.stringify(filter);
  const tail = useMemo(() => new Tail(JSON.parse(wanted)), [wanted]);
  useEffect(() => () => tail.close(), [tail]);
  // Whoever pauses the page wants the list to stand still with it.
  const paused = pausedAt.value > 0;
  useEffect(() => {
    if (paused !== tail.log.paused) tail.pause(paused);
  }, [paused, tail]);
  return tail;
}
