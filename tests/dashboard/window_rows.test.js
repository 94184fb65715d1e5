import assert from "node:assert/strict";
import { test } from "node:test";
import {
  WINDOW_ROWS,
  WindowRows,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/window_rows.js";

const QUERY = { q: "", status: "", worker: "", profile: "", sort: "power", dir: "desc" };
const rows = (from, count = WINDOW_ROWS) => Array.from({ length: count }, (_, i) => ({ id: `s${from + i}` }));
const frame = (offset, total = 50_000) => ({ type: "window", seq: 1, offset, total, facets: {} });

test("what is in sight is asked for once, with room around it and in the server's words", () => {
  const held = new WindowRows();
  const asked = held.ask(QUERY, 1000, 1030);
  assert.equal(asked.sort, "power_kw");
  assert.ok(asked.offset <= 950 && asked.offset + asked.limit >= 1080);
  assert.equal(held.ask(QUERY, 1005, 1035), null, "a few rows on, nothing new is needed");
  assert.notEqual(held.ask(QUERY, 1200, 1230), null);
  assert.notEqual(held.ask({ ...QUERY, q: "x" }, 1200, 1230), null);
  assert.equal(held.ask({ ...QUERY, q: "x" }, 0, 30).offset, 0);
});

test("rows are found by position, and positions by station as long as nothing speaks against it", () => {
  const held = new WindowRows();
  held.ask(QUERY, 1000, 1030);
  held.put(frame(900), rows(900));
  assert.equal(held.at(950).id, "s950");
  assert.equal(held.at(2000), undefined);
  assert.equal(held.indexOf("s950"), 950);
  held.put(frame(5000), rows(5000));
  assert.equal(held.indexOf("s950"), 950, "out of the window it stays where it was");
  held.put(frame(900), rows(901));
  assert.equal(held.indexOf("s950"), 949);
  held.ask({ ...QUERY, dir: "asc" }, 0, 30);
  held.put(frame(0), rows(0));
  assert.equal(held.indexOf("s950"), -1, "another order moves everything");
});

test("while the order is held, rows change but stay where they are", () => {
  const held = new WindowRows();
  held.put(frame(0), [
    { id: "a", powerW: 1 },
    { id: "b", powerW: 2 },
  ]);
  held.put(
    frame(0),
    [
      { id: "b", powerW: 9 },
      { id: "a", powerW: 3 },
    ],
    true,
  );
  assert.deepEqual(held.rows, [
    { id: "a", powerW: 3 },
    { id: "b", powerW: 9 },
  ]);
});
