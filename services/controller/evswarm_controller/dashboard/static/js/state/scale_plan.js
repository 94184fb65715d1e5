/** The arithmetic of the scale control: its slider, its steps, and how long an operation will take. Pure. */

/** Most stations the slider reaches; the number field takes more. */
export const SLIDER_TOP = 10_000;
export const SLIDER_STEPS = 1000;
/** Most stations that can be asked for. */
export const MOST_STATIONS = 1_000_000;
export const PRESETS = [0, 10, 100, 1000, 5000, 10_000];
export const STEPS = [-100, -10, 10, 100];

/**
 * Stations at a slider position: logarithmic, rounded to two figures, 0 at the left end.
 *
 * @param {number} position 0 to SLIDER_STEPS
 */
export function stationsAt(position) {
  const raw = (SLIDER_TOP + 1) ** (position / SLIDER_STEPS) - 1;
  if (raw < 100) return Math.round(raw);
  const unit = 10 ** (Math.floor(Math.log10(raw)) - 1);
  return Math.min(SLIDER_TOP, Math.round(raw / unit) * unit);
}

/** Slider position of a number of stations. @param {number} stations */
export function positionOf(stations) {
  const within = Math.min(Math.max(stations, 0), SLIDER_TOP);
  return Math.round((Math.log(within + 1) / Math.log(SLIDER_TOP + 1)) * SLIDER_STEPS);
}

/**
 * A number of stations as it was typed, or what is wrong with it.
 *
 * @param {string} text
 * @returns {{value: number} | {problem: string}}
 */
export function parseStations(text) {
  const compact = text.replaceAll(/[\s,_']/g, "");
  if (!/^\d+$/.test(compact)) return { problem: "A whole number, 0 or more" };
  const value = Number(compact);
  if (value > MOST_STATIONS) return { problem: `At most ${MOST_STATIONS.toLocaleString("en")}` };
  return { value };
}

/**
 * Stations a second as typed; "" is as fast as possible.
 *
 * @param {string} text
 * @returns {{value: number | null} | {problem: string}}
 */
export function parseRamp(text) {
  if (text.trim() === "") return { value: null };
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) return { problem: "More than 0, or empty" };
  return { value };
}

/** A price as typed: finite, 0 to 100. @param {string} text @returns {{value: number} | {problem: string}} */
export function parsePrice(text) {
  const compact = text.trim().replace(",", ".");
  const value = Number(compact);
  if (compact === "" || !Number.isFinite(value)) return { problem: "A number, e.g. 0.35" };
  if (value < 0 || value > 100) return { problem: "From 0 to 100" };
  return { value };
}

/**
 * Seconds until an operation is through, from how it went so far; null when that cannot be told.
 *
 * @param {{done: number, total: number, created_at: number, updated_at: number}} operation
 */
export function secondsLeft(operation) {
  const spent = operation.updated_at - operation.created_at;
  if (operation.done <= 0 || spent <= 0.5) return null;
  return ((operation.total - operation.done) * spent) / operation.done;
}
