/** Short messages in the corner of the page. */

import { signal } from "../../vendor/runtime.js";

/** @typedef {{id: number, text: string, kind: "info" | "error", action?: {label: string, run: () => void}}} Toast */

const TOAST_SECONDS = 6;

/** @type {import("../../vendor/runtime.js").Signal<Toast[]>} */
export const toasts = signal([]);

let toastCount = 0;

/**
 * Say something. Errors stay until they are dismissed.
 *
 * @param {string} text
 * @param {"info" | "error"} [kind]
 * @param {{action?: Toast["action"], seconds?: number}} [options]
 */
export function toast(text, kind = "info", { action, seconds = TOAST_SECONDS } = {}) {
  toastCount += 1;
  const id = toastCount;
  toasts.value = [...toasts.peek().slice(-3), { id, text, kind, ...(action && { action }) }];
  if (kind === "info") setTimeout(() => dismiss(id), seconds * 1000);
}

/** @param {number} id */
export function dismiss(id) {
  toasts.value = toasts.peek().filter((other) => other.id !== id);
}
