import assert from "node:assert/strict";
import { test } from "node:test";
import {
  indexAt,
  offsetOf,
  scrollToShow,
  slice,
  totalHeight,
} from "../../services/controller/evswarm_controller/dashboard/static/js/virtual.js";

const geometry = (count, opened = []) => ({ count, rowHeight: 36, panelHeight: 320, opened });

test("an empty table shows nothing and is not tall", () => {
  assert.deepEqual(slice(geometry(0), 0, 800, 6), { start: 0, stop: 0, before: 0, after: 0 });
  assert.equal(totalHeight(geometry(0)), 0);
});

test("only the rows in sight and the overscan are shown", () => {
  const part = slice(geometry(10_000), 36_000, 720, 6);
  assert.equal(part.start, 994);
  assert.equal(part.stop, 1027);
});

test("heights left out and shown add up to the whole wherever it is scrolled", () => {
  const g = geometry(500, [0, 3, 250, 499]);
  for (let top = -500; top < totalHeight(g) + 500; top += 97) {
    const { start, stop, before, after } = slice(g, top, 700, 4);
    const panels = g.opened.filter((i) => i >= start && i < stop).length;
    assert.equal(before + (stop - start) * 36 + panels * 320 + after, totalHeight(g), `top ${top}`);
    assert.ok(stop > start);
  }
});

test("every row in the viewport is among those shown", () => {
  const g = geometry(300, [10, 11, 200]);
  for (let top = 0; top < totalHeight(g) - 600; top += 53) {
    const { start, stop } = slice(g, top, 600, 0);
    for (let i = 0; i < g.count; i += 1) {
      const from = offsetOf(g, i);
      const to = from + 36 + (g.opened.includes(i) ? 320 : 0);
      if (to > top && from < top + 600) assert.ok(i >= start && i < stop, `row ${i} at top ${top}`);
    }
  }
});

test("a pixel belongs to the row whose band or panel covers it", () => {
  const g = geometry(100, [2]);
  assert.equal(indexAt(g, -40), 0);
  assert.equal(indexAt(g, 2 * 36), 2);
  assert.equal(indexAt(g, 3 * 36 + 319), 2);
  assert.equal(indexAt(g, 3 * 36 + 320), 3);
  assert.equal(indexAt(g, 1e9), 99);
  for (const i of [0, 1, 2, 3, 57, 99]) assert.equal(indexAt(g, offsetOf(g, i)), i);
});

test("scrolling to a row moves no further than needed", () => {
  const g = geometry(100, [50]);
  assert.equal(scrollToShow(g, 5, 0, 360), 0);
  assert.equal(scrollToShow(g, 10, 0, 360), 36);
  assert.equal(scrollToShow(g, 2, 360, 360), 72 - 360);
  assert.equal(scrollToShow(g, 50, 0, 400), 50 * 36 + 356 - 400);
});
