/**
 * What every page knows: the connection to the feed, the swarm in numbers and the controller's clock; and the way for
 * a page's own state (js/state) to hear the feed and to speak on it. Knows no page.
 */

import { batch, computed, signal } from "../vendor/runtime.js";
import { ApiError, fetchSwarm } from "./api.js";
import { createPoll } from "./feed/poll.js";
import { openFeed } from "./feed/socket.js";
import { FAILURES_BEFORE_POLLING, framesOf, MOST_POLLED } from "./state/polled.js";

/**
 * @typedef {import("./protocol.js").Aggregate} Aggregate
 * @typedef {import("./protocol.js").ServerFrame} ServerFrame
 * @typedef {{phase: import("./feed/machine.js").Phase, silence: number, retryIn: number}} Connection
 */

/** @type {import("../vendor/runtime.js").Signal<Connection>} */
export const connection = signal({ phase: "connecting", silence: 0, retryIn: 0 });
/** The controller's greeting; null before the first. @type {import("../vendor/runtime.js").Signal<import("./protocol.js").HelloFrame | null>} */
export const hello = signal(null);
/** @type {import("../vendor/runtime.js").Signal<Aggregate | null>} */
export const aggregate = signal(null);
/** Whether the first snapshot is in. */
export const loaded = signal(false);
/** The controller's unix time, once a second. */
export const second = signal(Date.now() / 1000);
export const currency = computed(() => hello.value?.currency ?? "EUR");
export const version = computed(() => hello.value?.version ?? "");
/** Whether the feed cannot be opened and the API is asked instead, with success. */
export const polling = signal(false);
/** Whether the server has had to leave frames out for this page again and again, so that it asks for fewer. */
export const tooSlow = signal(false);
/** When the page was paused, by the controller's clock; 0 while it shows what comes. */
export const pausedAt = signal(0);
/** Whether data is current and actions can work. */
export const reachable = computed(() => connection.value.phase === "live" || polling.value);
/** Whether what is shown is of the past. */
export const dated = computed(
  () => loaded.value && !reachable.value && !["loading", "unauthorized"].includes(connection.value.phase),
);

let clockOffset = 0;
/** @type {Map<string, Set<(frame: any) => void>>} */
const listeners = new Map();
/** @type {ReturnType<typeof openFeed> | null} */
let feed = null;

/**
 * Hear every frame of one type, in order, after this module has taken in what it keeps.
 *
 * @template {ServerFrame["type"]} T
 * @param {T} type
 * @param {(frame: Extract<ServerFrame, {type: T}>) => void} listener
 * @returns {() => void} stops it
 */
export function listen(type, listener) {
  const known = listeners.get(type) ?? new Set();
  listeners.set(type, known.add(listener));
  return () => void known.delete(listener);
}

/**
 * Say something on the feed. Subscriptions and windows hold until they are taken back: they are said again after every
 * reconnect, and may be said before the first connection.
 *
 * @param {import("./protocol.js").ClientFrame} frame
 */
export function sendFrame(frame) {
  feed?.send(frame);
}

/** Take in what was learnt in another way as if the feed had brought it. @param {ServerFrame} frame */
export const tell = (frame) => apply(frame);

/** Show nothing new until this is taken back; then everything anew. @param {boolean} on */
export function setPaused(on) {
  pausedAt.value = on ? second.peek() : 0;
  if (!on) sendFrame({ type: "resync" });
}

/** Frames that a paused page lets pass by. @type {ReadonlySet<ServerFrame["type"]>} */
const HELD = new Set(["snapshot", "patch"]);

/** @param {ServerFrame} frame */
function apply(frame) {
  if (pausedAt.peek() && loaded.peek() && HELD.has(frame.type)) return;
  batch(() => {
    if (frame.type === "hello") hello.value = frame;
    else if (frame.type === "snapshot") {
      if (frame.agg) aggregate.value = frame.agg;
      if (frame.part === frame.parts) loaded.value = true;
    } else if (frame.type === "patch") {
      aggregate.value = frame.agg;
      clockOffset = frame.t - Date.now() / 1000;
    }
    for (const listener of listeners.get(frame.type) ?? []) listener(frame);
  });
}

/** Ask the API for what the feed would have brought. */
async function ask() {
  try {
    const answers = await fetchSwarm(MOST_POLLED);
    const frames = framesOf(...answers, hello.peek(), Date.now() / 1000);
    // The feed may have opened meanwhile, and knows better.
    if (connection.peek().phase === "live") return;
    frames.forEach(apply);
    polling.value = true;
  } catch (error) {
    polling.value = false;
    if (error instanceof ApiError && error.status === 401) lockFeed();
  }
}

const poll = createPoll(ask);

/** Show who wants to see more that a token is asked for. */
export function lockFeed() {
  feed?.lock();
}

/** Go on where it was, now that the token was given. */
export function unlockFeed() {
  feed?.unlock();
}

/** Connect, and keep the clocks of the page running. */
export function start() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const report = () => {
    if (!feed) return;
    const { phase } = feed.machine;
    const next = { phase, silence: Math.round(feed.silence()), retryIn: Math.ceil(feed.untilRetry()) };
    const now = connection.peek();
    const same = now.phase === next.phase && now.silence === next.silence && now.retryIn === next.retryIn;
    if (!same) connection.value = next;
    const closed = phase === "waiting" || phase === "connecting";
    poll.set(closed && feed.machine.attempts >= FAILURES_BEFORE_POLLING);
    if (!closed) polling.value = false;
    tooSlow.value = feed.machine.tooSlow;
  };
  feed = openFeed(`${scheme}://${location.host}/live`, apply, report);
  setInterval(() => {
    report();
    second.value = Date.now() / 1000 + clockOffset;
  }, 1000);
}
