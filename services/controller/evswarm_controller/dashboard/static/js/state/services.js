/** Who is there: workers, replicas, controllers, store and historian, asked for every few seconds while a page shows them. */

import { signal } from "../../vendor/runtime.js";
import { call } from "../api.js";
import { createPoll } from "../feed/poll.js";
import { pausedAt, second } from "../model.js";

/**
 * @typedef {object} Presence
 * @property {import("./service_words.js").Worker[] | null} workers null: never heard
 * @property {import("./service_words.js").Services | null} services
 * @property {number} at time of the controller's clock at which this was so
 * @property {string} problem why it is no newer
 */

/** @type {import("../../vendor/runtime.js").Signal<Presence>} */
export const presence = signal({ workers: null, services: null, at: 0, problem: "" });

async function ask() {
  const before = presence.peek();
  if (pausedAt.peek() && before.workers) return;
  const [workers, services] = await Promise.allSettled([call("/workers"), call("/services")]);
  const failed = [workers, services].find((answer) => answer.status === "rejected");
  presence.value = {
    workers: workers.status === "fulfilled" ? workers.value.workers : before.workers,
    services: services.status === "fulfilled" ? services.value : before.services,
    at: failed ? before.at : second.peek(),
    problem: failed?.status === "rejected" ? failed.reason.message : "",
  };
}

/**
 * Ask now and again and again.
 *
 * @returns {() => void} ends it
 */
export function watchServices() {
  const poll = createPoll(ask);
  poll.set(true);
  return () => poll.set(false);
}
