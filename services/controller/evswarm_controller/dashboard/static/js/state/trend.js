/**
 * The last minutes of the swarm's numbers: what the controller remembers, and what came since.
 *
 * @typedef {import("../protocol.js").Aggregate} Aggregate
 * @typedef {"stations" | "desired" | "running" | "charging" | "power_w" | "energy_mwh" | "earnings_micro" | "price"
 *   | "messages_per_second" | "round_trip_p95_ms"} Series
 */

/** @type {readonly Series[]} */
export const SERIES = [
  "stations",
  "desired",
  "running",
  "charging",
  "power_w",
  "energy_mwh",
  "earnings_micro",
  "price",
  "messages_per_second",
  "round_trip_p95_ms",
];

/** Seconds that are kept, and the least between two points. */
export const KEPT_SECONDS = 900;
export const STEP_SECONDS = 1;

export class TrendHistory {
  constructor() {
    /** Unix seconds, ascending. @type {number[]} */
    this.times = [];
    /** @type {Record<Series, number[]>} */
    this.values = emptySeries();
  }

  /** Begin with what the controller remembers. @param {import("../protocol.js").Trend} trend */
  reset(trend) {
    this.times = [];
    this.values = emptySeries();
    const time = trend.fields.indexOf("t");
    for (const point of trend.points) {
      this.times.push(point[time] ?? 0);
      for (const name of SERIES) this.values[name].push(point[trend.fields.indexOf(name)] ?? 0);
    }
  }

  /**
   * Add the numbers of unix time `t`, unless the last point is too near.
   *
   * @param {number} t
   * @param {Aggregate} agg
   */
  add(t, agg) {
    const last = this.times.at(-1);
    if (last !== undefined && t - last < STEP_SECONDS * 0.9) return;
    this.times.push(t);
    for (const name of SERIES) this.values[name].push(agg[name] ?? 0);
    const from = this.times.findIndex((time) => time >= t - KEPT_SECONDS);
    if (from > 0) {
      this.times.splice(0, from);
      for (const name of SERIES) this.values[name].splice(0, from);
    }
  }

  /**
   * When the price changed to what: unix seconds and the new price, ascending.
   *
   * @returns {{at: number, price: number}[]}
   */
  priceChanges() {
    const prices = this.values.price;
    return this.times.flatMap((at, i) =>
      i > 0 && prices[i] !== prices[i - 1] ? [{ at, price: prices[i] ?? 0 }] : [],
    );
  }

  /**
   * The points of one series in the last `seconds`, as an SVG path in a box of `width` × `height`; "" for fewer
   * than two.
   *
   * @param {Series} name
   * @param {number} seconds
   * @param {number} width
   * @param {number} height
   */
  path(name, seconds, width, height) {
    const end = this.times.at(-1) ?? 0;
    const from = this.times.findIndex((time) => time >= end - seconds);
    const times = this.times.slice(from);
    const values = this.values[name].slice(from);
    if (times.length < 2) return "";
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const range = high - low;
    const begin = times[0] ?? end;
    const duration = Math.max(end - begin, 1e-9);
    return times
      .map((time, i) => {
        const x = ((time - begin) / duration) * width;
        const level = range === 0 ? (low === 0 ? 0 : 0.5) : ((values[i] ?? low) - low) / range;
        return `${i === 0 ? "M" : "L"}${x.toFixed(1)},${(height - level * height).toFixed(1)}`;
      })
      .join("");
  }
}

/** @returns {Record<Series, number[]>} */
function emptySeries() {
  const series = /** @type {Record<Series, number[]>} */ ({});
  for (const name of SERIES) series[name] = [];
  return series;
}
