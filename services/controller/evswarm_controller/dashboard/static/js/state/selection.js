/**
 * Which stations are ticked: single ones, or everything that a filter matches. What is ticked across a filter is sent
 * as that filter, so that ten thousand stations are one short request. Pure.
 *
 * @typedef {{q: string, status: string, worker: string, profile: string}} Filter
 * @typedef {{ids: ReadonlySet<string>, filter: Filter | null}} Selection `filter` set: all it matches, `ids` is empty
 */

/** Most stations that are named one by one in a request. */
export const MOST_NAMED = 1000;

/** @type {Selection} */
export const NOTHING = Object.freeze({ ids: new Set(), filter: null });

/** The filter of a view, without its order. @param {Filter} view @returns {Filter} */
export const filterOf = ({ q, status, worker, profile }) => ({ q: q.trim(), status, worker, profile });

/** @param {Filter} a @param {Filter} b */
export const sameFilter = (a, b) =>
  a.q.trim() === b.q.trim() && a.status === b.status && a.worker === b.worker && a.profile === b.profile;

/** @param {Selection} selection @param {string} id */
export const isTicked = (selection, id) => selection.filter !== null || selection.ids.has(id);

/** @param {Selection} selection */
export const isNothing = (selection) => selection.filter === null && selection.ids.size === 0;

/** All that the view's filter matches. @param {Filter} view @returns {Selection} */
export const tickAll = (view) => ({ ids: new Set(), filter: filterOf(view) });

/**
 * Tick or untick stations. Of what was ticked across a filter nothing is left then: fewer is the safe side.
 *
 * @param {Selection} selection
 * @param {readonly string[]} ids
 * @param {boolean} on
 * @returns {Selection}
 */
export function tick(selection, ids, on) {
  const next = new Set(selection.ids);
  for (const id of ids) {
    if (on && next.size < MOST_NAMED) next.add(id);
    else if (!on) next.delete(id);
  }
  return { ids: next, filter: null };
}

/**
 * The selection after the view changed: what was ticked across another filter is ticked no more.
 *
 * @param {Selection} selection
 * @param {Filter} view
 * @returns {Selection}
 */
export const afterLook = (selection, view) =>
  selection.filter && !sameFilter(selection.filter, view) ? NOTHING : selection;

/** The selection as the API takes it. @param {Selection} selection */
export function asFilter(selection) {
  if (!selection.filter) return { station_ids: [...selection.ids] };
  return Object.fromEntries(Object.entries(selection.filter).filter(([, value]) => value));
}
