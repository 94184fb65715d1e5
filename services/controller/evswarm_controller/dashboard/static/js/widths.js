/** What the page is wide enough for. */

import { computed, signal } from "../vendor/runtime.js";

/** @type {Map<number, import("../vendor/runtime.js").Signal<boolean>>} */
const fits = new Map();

/** Whether the page is at least so many pixels wide. @param {number} width */
function reaches(width) {
  const known = fits.get(width);
  if (known) return known.value;
  const query = matchMedia(`(width >= ${width}px)`);
  const fit = signal(query.matches);
  query.addEventListener("change", () => {
    fit.value = query.matches;
  });
  fits.set(width, fit);
  return fit.value;
}

/**
 * Those columns that the page has room for; `from` is the width in pixels below which one is left out.
 *
 * @template {{from?: number}} C
 * @param {readonly C[]} columns
 */
export const fitting = (columns) => computed(() => columns.filter(({ from }) => !from || reaches(from)));
