/** Who is there: workers, replicas, controllers, store and historian, asked for every few seconds while a page shows them. */

import { effect, signal } from "../../vendor/runtime.js";
import { call } from "../api.js";
import { loaded, reachable, second } from "../model.js";

/**
 * @typedef {import("./service_words.js").Worker} Worker
 * @typedef {import("./service_words.js").Services} Services
 * @typedef {object} Presence
 * @property {Worker[] | null} workers null: never heard
 * @property {Services | null} services
 * @property {number} at time of the controller's clock at which this was so
 * @property {string} problem why it is no newer
 */

const PAUSE_MS = 2000;

/** @type {import("../../vendor/runtime.js").Signal<Presence>} */
export const presence = signal({ workers: null, services: null, at: 0, problem: "" });

async function ask() {
  const [workers, services] = await Promise.allSettled([call("/workers"), call("/services")]);
  const before = presence.peek();
  const failed = [workers, services].find((answer) => answer.status === "rejected");
  presence.value = {
    workers: workers.status === "fulfilled" ? workers.value.workers : before.workers,
    services: services.status === "fulfilled" ? services.value : before.services,
    at: failed ? before.at : second.peek(),
    problem: failed?.status === "rejected" ? failed.reason.message : "",
  };
}

/**
 * Ask now and then again and again, but not while nobody sees it.
 *
 * @returns {() => void} ends it
 */
export function watchServices() {
  let ended = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const turn = async () => {
    clearTimeout(timer);
    if (!document.hidden) await ask();
    if (!ended) timer = setTimeout(turn, PAUSE_MS);
  };
  const seen = () => {
    if (!document.hidden) void turn();
  };
  document.addEventListener("visibilitychange", seen);
  void turn();
  // A controller that is back has something new to say.
  const stop = effect(() => {
    if (reachable.value && loaded.peek() && presence.peek().problem) void turn();
  });
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
    document.removeEventListener("visibilitychange", seen);
  };
}
