/** What the swarm page looks at, as its address says, and the stations that are shown for it. */

import { computed, signal } from "../../vendor/runtime.js";
import { route, search, setSearch } from "../router.js";
import { LIVE_SORTS } from "./fleet.js";
import { follow } from "./logs.js";
import { fleet, rowsVersion } from "./swarm.js";
import { DEFAULT_VIEW, formatView, parseView, toggleLog } from "./view.js";

/** @typedef {import("./view.js").View} View */

/** @type {import("../../vendor/runtime.js").ReadonlySignal<View>} */
export const view = computed(() => (route.value.page === "swarm" ? parseView(search.value) : DEFAULT_VIEW));
/** Whether the pointer rests on the table, so that rows must not jump. */
export const pointing = signal(false);
/** Whether the order on screen is being held although the values it sorts by change. */
export const orderHeld = computed(() => pointing.value && LIVE_SORTS.has(view.value.sort));

/** @type {string[]} */
let shownOrder = [];
let shownSort = "";

/** The stations to show, in order, and the counts of the filters. */
export const answer = computed(() => {
  rowsVersion.value;
  const sort = `${view.value.sort} ${view.value.dir}`;
  const held = orderHeld.value && sort === shownSort ? shownOrder : null;
  const result = fleet.ask(view.value, held);
  shownOrder = result.ids;
  shownSort = sort;
  return result;
});

/**
 * Look at something else.
 *
 * @param {Partial<View>} change
 * @param {{replace?: boolean}} [options] replace: no entry of its own in the browser's history (typing)
 */
export const look = (change, options) => setSearch(formatView({ ...view.peek(), ...change }), options);

/** Open or close a station's log. @param {string} id */
export function toggleLogOf(id) {
  const next = toggleLog(view.peek(), id);
  for (const closed of view.peek().log) if (!next.log.includes(closed)) follow(closed, false);
  look(next, { replace: true });
}
