/**
 * Loads the page again, once, where a module got lost on the way, without which it stays empty.
 *
 * A browser drops what it is loading when its network changes, as a laptop's does. Imports nothing, so that it is there
 * whatever else is not.
 */

const PAUSE_MS = 1000;

addEventListener("load", () => {
  const app = /** @type {HTMLElement} */ (document.getElementById("app"));
  if (app.firstElementChild) return;
  const [entry] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (entry?.type !== "reload") setTimeout(() => location.reload(), PAUSE_MS);
  else app.textContent = "A part of this page did not arrive. Please load it again.";
});
