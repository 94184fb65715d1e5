/** The stations that are ticked on the swarm page, and what has been asked of many at once. */

import { computed, effect, signal } from "../../vendor/runtime.js";
import { cancelOperation, previewBulk, retryOperation, startBulk } from "../api.js";
import { listen } from "../model.js";
import { awaitEnd } from "./ends.js";
import { OperationLog } from "./operations.js";
import { afterLook, asFilter, isNothing, NOTHING, tick, tickAll } from "./selection.js";
import { answer, view } from "./swarm_view.js";
import { toast } from "./toasts.js";

/** @type {import("../../vendor/runtime.js").Signal<import("./selection.js").Selection>} */
export const selection = signal(NOTHING);
/** How many stations are ticked. */
export const ticked = computed(() =>
  selection.value.filter ? answer.value.total : selection.value.ids.size,
);

const operations = new OperationLog();
const operationsVersion = signal(0);
/** The operations that deserve a line on the page, newest first. */
export const shownOperations = computed(() => {
  operationsVersion.value;
  return operations.shown();
});

effect(() => {
  const now = selection.peek();
  const next = afterLook(now, view.value);
  if (next !== now) selection.value = next;
});

listen("op", (frame) => {
  operations.put(frame);
  operationsVersion.value += 1;
});

/** The last row that was ticked by hand: Shift and a click tick all from there. */
let anchor = "";

/**
 * Tick or untick a station.
 *
 * @param {string} id
 * @param {{range?: boolean}} [options] range: with all between it and the one before
 */
export function toggleTick(id, { range = false } = {}) {
  const now = selection.peek();
  const on = !(now.filter || now.ids.has(id));
  const [a, b] = [answer.peek().indexOf(anchor), answer.peek().indexOf(id)].sort((x, y) => x - y);
  const ids = range && a !== undefined && b !== undefined && a >= 0 ? answer.peek().between(a, b) : [id];
  selection.value = tick(now, ids, on);
  anchor = id;
}

/** Tick all that the filter matches, or nothing if that is so already. */
export function toggleAll() {
  selection.value = isNothing(selection.peek()) ? tickAll(view.peek()) : NOTHING;
}

export const untickAll = () => {
  selection.value = NOTHING;
};

/** How many stations the ticked ones are, as the server counts them now. @param {string} action */
export const preview = (action) => previewBulk(asFilter(selection.peek()), action);

/** Command the ticked stations. @param {string} action @returns {Promise<string>} why it cannot be, or "" */
export async function commandTicked(action) {
  return begin(() => startBulk(asFilter(selection.peek()), action));
}

/** Command those again for which an operation failed. @param {string} id */
export async function retry(id) {
  const problem = await begin(() => retryOperation(id));
  if (problem) toast(`Not tried again: ${problem}`, "error");
  else dismissOperation(id);
}

/** @param {string} id */
export async function cancel(id) {
  try {
    await cancelOperation(id);
  } catch (error) {
    toast(`Not cancelled: ${error instanceof Error ? error.message : error}`, "error");
  }
}

/** @param {string} id */
export function dismissOperation(id) {
  operations.dismiss(id);
  operationsVersion.value += 1;
}

/** @param {() => Promise<{operation_id: string}>} ask @returns {Promise<string>} why it cannot be, or "" */
async function begin(ask) {
  try {
    const { operation_id } = await ask();
    operations.own.add(operation_id);
    awaitEnd(operation_id);
    operationsVersion.value += 1;
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
