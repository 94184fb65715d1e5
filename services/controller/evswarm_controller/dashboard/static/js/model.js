/**
 * What every page knows: the connection to the feed, the swarm in numbers and the controller's clock; and the way for
 * a page's own state (js/state) to hear the feed and to speak on it. Knows no page.
 */

import { batch, computed, signal } from "../vendor/runtime.js";
import { openFeed } from "./feed/socket.js";

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
/** Whether data is current and actions can work. */
export const reachable = computed(() => connection.value.phase === "live");

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

/** @param {ServerFrame} frame */
function apply(frame) {
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
  };
  feed = openFeed(`${scheme}://${location.host}/live`, apply, report);
  setInterval(() => {
    report();
    second.value = Date.now() / 1000 + clockOffset;
  }, 1000);
}
