/**
 * Sessions, energy and earnings of each day, as the history has them. Pure.
 *
 * @typedef {{day: string, sessions: number, energy_wh: number, earnings: number}} DaySum
 * @typedef {{times: number[], sessions: number[], energyKwh: number[], earnings: number[]}} DaySeries
 */

/** Days that are shown. */
export const SHOWN_DAYS = 30;

const DAY_SECONDS = 86_400;

/** Distances between the days that an axis names, in seconds: days are those of UTC, wherever the reader is. */
export const DAY_STEPS = [1, 2, 5, 7, 14, 30].map((days) => days * DAY_SECONDS);

/**
 * What an axis of days spans, in unix seconds: half a day around the first and the last, and a week at least, so that
 * a single day is a bar and not a wall.
 *
 * @param {ArrayLike<number>} times the days' midnights, ascending
 * @returns {[number, number]}
 */
export function daySpan(times) {
  const last = times[times.length - 1] ?? 0;
  const first = Math.min(times[0] ?? 0, last - 6 * DAY_SECONDS);
  return [first - DAY_SECONDS / 2, last + DAY_SECONDS / 2];
}

/** Where the question to the history begins: midnight UTC, as unix seconds. @param {number} now */
export const sinceDay = (now) => (Math.floor(now / DAY_SECONDS) - SHOWN_DAYS + 1) * DAY_SECONDS;

/**
 * One point a day from the first day with a session to the last, days without one as 0.
 *
 * @param {readonly DaySum[]} items in any order
 * @returns {DaySeries}
 */
export function daySeries(items) {
  /** @type {Map<number, DaySum>} */
  const byDay = new Map();
  for (const item of items) byDay.set(Date.parse(`${item.day}T00:00:00Z`) / 1000, item);
  const days = [...byDay.keys()].filter(Number.isFinite).sort((a, b) => a - b);
  /** @type {DaySeries} */
  const series = { times: [], sessions: [], energyKwh: [], earnings: [] };
  if (days.length === 0) return series;
  for (
    let day = /** @type {number} */ (days[0]);
    day <= /** @type {number} */ (days.at(-1));
    day += DAY_SECONDS
  ) {
    const item = byDay.get(day);
    series.times.push(day);
    series.sessions.push(item?.sessions ?? 0);
    series.energyKwh.push((item?.energy_wh ?? 0) / 1000);
    series.earnings.push(item?.earnings ?? 0);
  }
  return series;
}
