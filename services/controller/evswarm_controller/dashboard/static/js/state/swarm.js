/** The stations, their numbers over time and the operations on them, as the feed tells of them. */

import { computed, signal } from "../../vendor/runtime.js";
import { startStation, stopStation } from "../api.js";
import { hello, listen, reachable } from "../model.js";
import { Fleet } from "./fleet.js";
import { toast } from "./toasts.js";
import { TrendHistory } from "./trend.js";

/** @typedef {import("../protocol.js").OpFrame} OpFrame */

export const fleet = new Fleet();
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

listen("op", (frame) => {
  if (frame.kind !== "scale") return;
  const known = operation.peek();
  if (known && known.id !== frame.id && known.created_at > frame.created_at) return;
  const ended = known?.state === "running" && known.id === frame.id && frame.state !== "running";
  operation.value = frame;
  if (ended && frame.state === "failed") toast(frame.message || "Scaling failed", "error");
});

/** Start a stopped station, stop any other. @param {string} id */
export async function switchStation(id) {
  const row = fleet.rows.get(id);
  if (!row || switching.peek().has(id) || !reachable.peek()) return;
  switching.value = new Set([...switching.peek(), id]);
  const starts = row.state === "Stopped";
  try {
    await (starts ? startStation(id) : stopStation(id));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    toast(`${id} was not ${starts ? "started" : "stopped"}: ${reason}`, "error");
  } finally {
    const rest = new Set(switching.peek());
    rest.delete(id);
    switching.value = rest;
  }
}
