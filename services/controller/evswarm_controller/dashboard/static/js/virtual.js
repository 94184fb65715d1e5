/**
 * Which rows of a long table stand in the page, and how tall what is left out is. Pure arithmetic.
 *
 * Every row is `rowHeight` tall; an opened row has a panel of `panelHeight` under it. `opened` are the positions of
 * opened rows in the shown order, ascending.
 */

/**
 * @typedef {object} Geometry
 * @property {number} count rows in all
 * @property {number} rowHeight
 * @property {number} panelHeight
 * @property {readonly number[]} opened
 *
 * @typedef {object} Slice
 * @property {number} start first row shown
 * @property {number} stop one past the last
 * @property {number} before pixels left out above
 * @property {number} after pixels left out below
 */

/** Height of the whole body in pixels. @param {Geometry} g */
export const totalHeight = (g) => g.count * g.rowHeight + g.opened.length * g.panelHeight;

/** Distance of row `index` from the top of the body in pixels. @param {Geometry} g @param {number} index */
export function offsetOf(g, index) {
  let panels = 0;
  while (panels < g.opened.length && /** @type {number} */ (g.opened[panels]) < index) panels += 1;
  return index * g.rowHeight + panels * g.panelHeight;
}

/**
 * The row that covers pixel `y` of the body, its panel included; clamped to the rows there are.
 *
 * @param {Geometry} g
 * @param {number} y
 */
export function indexAt(g, y) {
  let panels = 0;
  for (const open of g.opened) {
    const rowTop = open * g.rowHeight + panels * g.panelHeight;
    if (y < rowTop + g.rowHeight) break;
    if (y < rowTop + g.rowHeight + g.panelHeight) return open;
    panels += 1;
  }
  const index = Math.floor((y - panels * g.panelHeight) / g.rowHeight);
  return Math.min(Math.max(index, 0), Math.max(0, g.count - 1));
}

/**
 * The rows to render for a viewport that shows `height` pixels of the body from pixel `top` on.
 *
 * @param {Geometry} g
 * @param {number} top may be negative (body starts below the viewport's top)
 * @param {number} height
 * @param {number} overscan rows added on both sides
 * @returns {Slice}
 */
export function slice(g, top, height, overscan) {
  if (g.count === 0) return { start: 0, stop: 0, before: 0, after: 0 };
  const start = Math.max(0, indexAt(g, top) - overscan);
  const stop = Math.min(g.count, indexAt(g, top + Math.max(0, height)) + 1 + overscan);
  return { start, stop, before: offsetOf(g, start), after: totalHeight(g) - offsetOf(g, stop) };
}

/**
 * How far to scroll so that row `index` (and its panel) lies in the viewport; 0 when it does.
 *
 * @param {Geometry} g
 * @param {number} index
 * @param {number} top first visible pixel of the body
 * @param {number} height visible pixels
 */
export function scrollToShow(g, index, top, height) {
  const from = offsetOf(g, index);
  const to = from + g.rowHeight + (g.opened.includes(index) ? g.panelHeight : 0);
  if (from < top || to - from > height) return from - top;
  if (to > top + height) return to - top - height;
  return 0;
}
