import assert from "node:assert/strict";
import { test } from "node:test";
import {
  daySeries,
  daySpan,
  SHOWN_DAYS,
  sinceDay,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/day_sums.js";

test("days without a session stand between the others as nothing", () => {
  const series = daySeries([
    { day: "2026-11-22", sessions: 3, energy_wh: 4500, earnings: 1.5 },
    { day: "2026-11-20", sessions: 1, energy_wh: 500, earnings: 0.2 },
  ]);
  assert.deepEqual(series.sessions, [1, 0, 3]);
  assert.deepEqual(series.energyKwh, [0.5, 0, 4.5]);
  assert.deepEqual(series.earnings, [0.2, 0, 1.5]);
  assert.equal(series.times[1] - series.times[0], 86_400);
});

test("nothing is nothing, and the question begins at a midnight", () => {
  assert.deepEqual(daySeries([]).times, []);
  assert.equal(sinceDay(100 * 86_400 + 5), (101 - SHOWN_DAYS) * 86_400);
});

test("an axis of days shows a week at least, with room at both ends", () => {
  const day = 86_400;
  assert.deepEqual(daySpan([20 * day]), [13.5 * day, 20.5 * day]);
  assert.deepEqual(daySpan([1, 9, 20].map((n) => n * day)), [0.5 * day, 20.5 * day]);
});
