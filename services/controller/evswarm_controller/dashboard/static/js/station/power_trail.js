/**
 * Power, limit and state of charge of a station's connectors over time: what the history tells, and what was seen since
 * the page was opened. Pure; times in unix seconds.
 *
 * @typedef {object} ConnectorPower one connector as `GET /stations/{id}/power` gives it: pairs of time and value
 * @property {number} connector_id
 * @property {[number, number][]} power_kw
 * @property {[number, number | null][]} limit_kw
 * @property {[number, number][]} soc_percent
 *
 * @typedef {(number | null | undefined)[]} Values null: nothing there, undefined: nothing known at that time
 * @typedef {{times: number[], power: Values, limit: Values, soc: Values}} Trail
 */

/** Seconds of live points that are kept. */
export const KEPT_SECONDS = 86_400;

export class PowerTrail {
  constructor() {
    /** @type {Map<number, Trail>} */
    this.past = new Map();
    /** @type {Map<number, Trail>} */
    this.live = new Map();
  }

  /** Take what the history knows. @param {readonly ConnectorPower[]} connectors */
  takeHistory(connectors) {
    this.past = new Map(connectors.map((connector) => [connector.connector_id, aligned(connector)]));
  }

  /**
   * Take a look at the station.
   *
   * @param {number} at
   * @param {readonly import("./detail.js").Connector[]} connectors
   */
  takeLook(at, connectors) {
    for (const { connector_id, power_kw, limit_kw, car } of connectors) {
      const trail = this.live.get(connector_id) ?? emptyTrail();
      this.live.set(connector_id, trail);
      if (at <= (trail.times.at(-1) ?? 0)) continue;
      add(trail, at, limit_kw === null ? null : power_kw, limit_kw, car ? car.soc_percent : null);
      while ((trail.times[0] ?? at) < at - KEPT_SECONDS) drop(trail);
    }
  }

  /**
   * The columns of a chart from `since` on: times, power, limit, state of charge.
   *
   * @param {number} id of the connector
   * @param {number} since
   * @returns {[number[], Values, Values, Values]}
   */
  columns(id, since) {
    const live = this.live.get(id) ?? emptyTrail();
    const past = this.past.get(id) ?? emptyTrail();
    const joint = live.times[0] ?? Number.POSITIVE_INFINITY;
    const all = emptyTrail();
    const before = carried(past, since);
    if (before) add(all, since, before.power, before.limit, before.soc);
    past.times.forEach((time, i) => {
      if (time >= since && time < joint) add(all, time, past.power[i], past.limit[i], past.soc[i]);
    });
    live.times.forEach((time, i) => {
      if (time >= since) add(all, time, live.power[i], live.limit[i], live.soc[i]);
    });
    return [all.times, all.power, all.limit, all.soc];
  }
}

/** @returns {Trail} */
const emptyTrail = () => ({ times: [], power: [], limit: [], soc: [] });

/**
 * @param {Trail} trail
 * @param {number} time
 * @param {number | null | undefined} power
 * @param {number | null | undefined} limit
 * @param {number | null | undefined} soc
 */
function add(trail, time, power, limit, soc) {
  trail.times.push(time);
  trail.power.push(power);
  trail.limit.push(limit);
  trail.soc.push(soc);
}

/** @param {Trail} trail */
function drop(trail) {
  for (const column of [trail.times, trail.power, trail.limit, trail.soc]) column.shift();
}

/** The limit that holds at `since` because it was set before. @param {Trail} trail @param {number} since */
function carried(trail, since) {
  const next = trail.times.findIndex((time) => time >= since);
  const last = next < 0 ? trail.times.length - 1 : next - 1;
  const limit = trail.limit[last];
  return last < 0 || limit === null || limit === undefined
    ? null
    : { power: undefined, limit, soc: undefined };
}

/** One time axis for what was told at different times. @param {ConnectorPower} connector @returns {Trail} */
function aligned({ power_kw, limit_kw, soc_percent }) {
  const power = new Map(power_kw);
  const limits = new Map(limit_kw);
  const soc = new Map(soc_percent);
  const trail = emptyTrail();
  /** @type {number | null | undefined} */
  let limit;
  for (const time of [...new Set([...power.keys(), ...limits.keys(), ...soc.keys()])].sort((a, b) => a - b)) {
    if (limits.has(time)) limit = limits.get(time);
    // Where a transaction ends, so do its lines.
    const ends = limits.has(time) && limit === null;
    add(trail, time, ends ? null : power.get(time), limit, ends ? null : soc.get(time));
  }
  return trail;
}
