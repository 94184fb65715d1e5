/** What the swarm page looks at, as its address says, and the stations that are shown for it. */

import { computed, signal } from "../../vendor/runtime.js";
import { listen, pausedAt, sendFrame } from "../model.js";
import { route, search, setSearch } from "../router.js";
import { LIVE_SORTS, WIDER_STATES } from "./fleet.js";
import { follow } from "./logs.js";
import { fleet, rowsVersion, windowed, windowRows } from "./swarm.js";
import { DEFAULT_VIEW, formatView, parseView, toggleLog } from "./view.js";

/** @typedef {import("./view.js").View} View */

/** @type {import("../../vendor/runtime.js").ReadonlySignal<View>} */
export const view = computed(() => (route.value.page === "swarm" ? parseView(search.value) : DEFAULT_VIEW));
/** Whether the pointer rests on the table, so that rows must not jump. */
export const pointing = signal(false);
/** Whether the order on screen is being held although the values it sorts by change. */
export const orderHeld = computed(() => pointing.value && LIVE_SORTS.has(view.value.sort));

/** How long the answer to a question for other rows may take. */
const ANSWER_MS = 3000;
/** When other rows were asked for last, by the page's own clock. */
let askedAt = 0;

listen("window", (frame) => {
  // A paused page shows nothing new, but what it has asked for just now.
  if (pausedAt.peek() && performance.now() - askedAt > ANSWER_MS) return;
  windowRows.put(frame, frame.rows.map(fleet.decode), orderHeld.peek());
  rowsVersion.value += 1;
});

/** @type {string[]} */
let shownOrder = [];
let shownSort = "";

/**
 * The stations to show, by position in their order, and the counts of the filters.
 *
 * @typedef {object} Shown
 * @property {number} total
 * @property {(index: number) => string | undefined} idAt undefined where that row has not come yet
 * @property {(id: string) => number} indexOf -1 for none
 * @property {(first: number, last: number) => string[]} between ids from the first position to the last
 * @property {import("./fleet.js").Counts} status
 * @property {import("./fleet.js").Counts} worker
 * @property {import("./fleet.js").Counts} profile
 */

/** @returns {Shown} */
function wholeAnswer() {
  const sort = `${view.value.sort} ${view.value.dir}`;
  const held = orderHeld.value && sort === shownSort ? shownOrder : null;
  const { ids, status, worker, profile } = fleet.ask(view.value, held);
  shownOrder = ids;
  shownSort = sort;
  return {
    total: ids.length,
    idAt: (index) => ids[index],
    indexOf: (id) => ids.indexOf(id),
    between: (first, last) => ids.slice(first, last + 1),
    status,
    worker,
    profile,
  };
}

/** The wider states as the API spells them. */
const WIDER_NAMES = new Map(Object.keys(WIDER_STATES).map((name) => [name.toLowerCase(), name]));

/** @returns {Shown} */
function windowAnswer() {
  const { facets } = windowRows;
  return {
    total: windowRows.total,
    idAt: (index) => windowRows.at(index)?.id,
    indexOf: (id) => windowRows.indexOf(id),
    between: (first, last) =>
      windowRows.rows
        .slice(Math.max(0, first - windowRows.offset), last - windowRows.offset + 1)
        .map(({ id }) => id),
    status: new Map(Object.entries(facets.states).map(([name, n]) => [WIDER_NAMES.get(name) ?? name, n])),
    worker: new Map(Object.entries(facets.workers)),
    profile: new Map(Object.entries(facets.profiles)),
  };
}

export const answer = computed(() => {
  rowsVersion.value;
  return windowed.value ? windowAnswer() : wholeAnswer();
});

/**
 * Where the swarm is too large to be sent whole: ask for the rows in sight, unless they are what was asked for.
 *
 * @param {number} first position of the first row in sight
 * @param {number} last one past the last
 */
export function askWindow(first, last) {
  if (!windowed.value) return;
  const frame = windowRows.ask(view.value, first, last);
  if (!frame) return;
  askedAt = performance.now();
  sendFrame(frame);
}

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
