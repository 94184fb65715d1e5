/** What was asked of a station from its page, and what really came of it. */

import { signal } from "../../vendor/runtime.js";
import { call } from "../api.js";

/**
 * @typedef {"hand" | "command"} Road by hand at the station, or an OCPP command of our central system
 * @typedef {{schema: import("./form_model.js").Schema, example: any}} Form
 *
 * @typedef {object} Deed
 * @property {number} number
 * @property {string} station
 * @property {Road} road
 * @property {string} name
 * @property {any} payload
 * @property {number} at unix milliseconds
 * @property {"waiting" | "answered" | "failed"} state
 * @property {number} took milliseconds
 * @property {any} answer
 * @property {string} problem
 * @property {string} operation its id; "" where there is none
 */

/** Whether drivers come by themselves: a change of the station itself, beside the actions. */
export const AUTONOMY = "set_autonomous";
/** To exist switched on or off: wishes that the controller sees to. Their payload is `{station_id}`. */
export const START = "start";
export const STOP = "stop";

const MOST_DEEDS = 20;
/** Longer than the controller waits for a station. */
const PATIENCE_MS = 45_000;

/** Newest first. @type {import("../../vendor/runtime.js").Signal<readonly Deed[]>} */
export const deeds = signal([]);
let count = 0;

/** @type {Map<string, Promise<Record<string, Form>>>} */
const asked = new Map();

/** Everything that can be done on a road, by name. @param {Road} road @returns {Promise<Record<string, Form>>} */
export function formsOf(road) {
  const path = road === "hand" ? "/actions" : "/csms/commands";
  const known = asked.get(path);
  if (known) return known;
  const forms = call(path).catch((error) => {
    asked.delete(path);
    throw error;
  });
  asked.set(path, forms);
  return forms;
}

/**
 * Ask for it, and say what came of it.
 *
 * @param {string} station
 * @param {Road} road
 * @param {string} name
 * @param {any} payload
 * @returns {Promise<Deed>}
 */
export async function doIt(station, road, name, payload) {
  count += 1;
  /** @type {Deed} */
  let deed = {
    number: count,
    station,
    road,
    name,
    payload,
    at: Date.now(),
    state: "waiting",
    took: 0,
    answer: null,
    problem: "",
    operation: "",
  };
  /** @param {Partial<Deed>} change */
  const now = (change) => {
    deed = { ...deed, ...change };
    deeds.value = [deed, ...deeds.peek().filter(({ number }) => number !== deed.number)]
      .sort((a, b) => b.number - a.number)
      .slice(0, MOST_DEEDS);
  };
  now({});
  const begin = performance.now();
  try {
    const answer = await call(pathOf(station, road, name), payload, {
      ...(name === AUTONOMY && { method: "PATCH" }),
      timeoutMs: PATIENCE_MS,
      heard: (response) => now({ operation: response.headers.get("Operation-Id") ?? "" }),
    });
    now({ state: "answered", answer, took: performance.now() - begin });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    now({ state: "failed", problem, took: performance.now() - begin });
  }
  return deed;
}

/** @param {string} station @param {Road} road @param {string} name */
function pathOf(station, road, name) {
  const id = encodeURIComponent(station);
  if (road === "command") return `/csms/stations/${id}/commands/${name}`;
  if (name === START || name === STOP) return `/stations/${name}`;
  return name === AUTONOMY ? `/stations/${id}` : `/stations/${id}/actions/${name}`;
}

/**
 * An address of this controller that the station may upload a file to.
 *
 * @param {string} station
 * @returns {Promise<string>}
 */
export const uploadAddress = async (station) =>
  (await call(`/csms/stations/${encodeURIComponent(station)}/uploads`, {})).upload_url;

/** A station's answers that mean yes. */
const YES = new Set(["Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked"]);

/** Whether it went well: "good", "warn" while that is open or where a station said no, "bad". @param {Deed} deed */
export function toneOf(deed) {
  if (deed.state === "failed") return "bad";
  if (deed.state === "waiting" || deed.answer?.operation_id) return "warn";
  const said = deed.road === "command" ? deed.answer?.status : undefined;
  return said === undefined || YES.has(said) ? "good" : "warn";
}

/** What came of it in a few words. @param {Deed} deed */
export function outcomeOf(deed) {
  if (deed.state === "waiting") return "waiting for the answer";
  if (deed.state === "failed") return deed.problem;
  if (deed.answer?.operation_id) return "under way";
  if (deed.road === "hand") return `done; the station is ${deed.answer?.status ?? "as before"}`;
  return deed.answer?.status ? String(deed.answer.status) : "answered";
}
