/** The stations, their numbers over time and the operations on them, as the feed tells of them. */

import { computed, signal } from "../../vendor/runtime.js";
import { startStation, stopStation } from "../api.js";
import { hello, listen, reachable } from "../model.js";
import { awaitEnd } from "./ends.js";
import { Fleet } from "./fleet.js";
import { toast } from "./toasts.js";
import { TrendHistory } from "./trend.js";
import { WindowRows } from "./window_rows.js";

/** @typedef {import("../protocol.js").OpFrame} OpFrame */

export const fleet = new Fleet();
/** What is held of a swarm too large to be sent whole. */
export const windowRows = new WindowRows();
/** Whether it is too large. */
export const windowed = computed(() => hello.value?.mode === "window");
export const trend = new TrendHistory();
/** Grows whenever a row changed, came or went. */
export const rowsVersion = signal(0);
/** Grows with every point of the trend. */
export const trendVersion = signal(0);
/** The behaviour profiles that a scale command takes. */
export const profiles = computed(() => hello.value?.profiles ?? []);
/** The newest scale operation. @type {import("../../vendor/runtime.js").Signal<OpFrame | null>} */
export const operation = signal(null);
/**
 * Stations that were asked to start or stop and have not answered.
 *
 * @type {import("../../vendor/runtime.js").Signal<ReadonlySet<string>>}
 */
export const switching = signal(new Set());

listen("hello", (frame) => {
  fleet.setFields(frame.fields);
  trend.reset(frame.trend);
  trendVersion.value += 1;
});

listen("snapshot", (frame) => {
  fleet.snapshot(frame);
  if (frame.part === frame.parts) rowsVersion.value += 1;
});

listen("patch", (frame) => {
  fleet.patch(frame);
  trend.add(frame.t, frame.agg);
  trendVersion.value += 1;
  if (frame.rows || frame.add || frame.del) rowsVersion.value += 1;
});

/** A station's row, if it is held. @param {string} id */
export const rowOf = (id) => (windowed.peek() ? windowRows.find(id) : fleet.rows.get(id));

listen("op", (frame) => {
  if (frame.kind !== "scale") return;
  const known = operation.peek();
  if (known && known.id !== frame.id && known.created_at > frame.created_at) return;
  if (known?.id === frame.id && known.updated_at > frame.updated_at) return;
  const ended = known?.state === "running" && known.id === frame.id && frame.state !== "running";
  operation.value = frame;
  if (ended && frame.state === "failed") toast(frame.message || "Scaling failed", "error");
});

/** What follows a start or stop that takes longer than its answer waited: operation id → station id. */
const pending = new Map();

listen("op", (frame) => {
  const id = pending.get(frame.id);
  if (id === undefined || frame.state === "running") return;
  pending.delete(frame.id);
  settle(id);
  if (frame.state !== "succeeded") toast(`${id}: ${frame.kind} ${frame.state}. ${frame.message}`, "error");
});

/** @param {string} id */
function settle(id) {
  const rest = new Set(switching.peek());
  rest.delete(id);
  switching.value = rest;
}

/** Start a stopped station, stop any other. It counts as done when it is, not when it is asked for. @param {string} id */
export async function switchStation(id) {
  const row = rowOf(id);
  if (!row || switching.peek().has(id) || !reachable.peek()) return;
  switching.value = new Set([...switching.peek(), id]);
  const starts = row.state === "Stopped";
  try {
    const { operation_id } = await (starts ? startStation(id) : stopStation(id));
    if (operation_id) {
      pending.set(operation_id, id);
      awaitEnd(operation_id);
    } else settle(id);
  } catch (error) {
    settle(id);
    const reason = error instanceof Error ? error.message : String(error);
    toast(`${id} was not ${starts ? "started" : "stopped"}: ${reason}`, "error");
  }
}
