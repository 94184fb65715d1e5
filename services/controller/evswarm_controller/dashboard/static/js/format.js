/** Numbers, money and ages as the page shows them. Pure; locale "en" throughout, as the page's words are English. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
/** @type {Map<number, Intl.NumberFormat>} */
const fixed = new Map();
/** @type {Map<string, Intl.NumberFormat>} */
const money = new Map();

/** @param {number} value @param {number} digits */
function decimals(value, digits) {
  let format = fixed.get(digits);
  if (!format) {
    format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    fixed.set(digits, format);
  }
  return format.format(value);
}

/** A count with thousands separators. @param {number} value */
export const count = (value) => whole.format(value);

/** "1 station", "2,000 stations". @param {number} value @param {string} noun @param {string} [plural] */
export const counted = (value, noun, plural = `${noun}s`) => `${count(value)} ${value === 1 ? noun : plural}`;

/**
 * Watts in the unit that keeps the figure short.
 *
 * @param {number} watts
 * @returns {[string, string]} figure, unit
 */
export function power(watts) {
  if (Math.abs(watts) >= 9_999_500) return [decimals(watts / 1e6, 1), "MW"];
  return [decimals(watts / 1000, Math.abs(watts) >= 999_950 ? 0 : 1), "kW"];
}

/** mWh in the unit that keeps the figure short. @param {number} mwh @returns {[string, string]} figure, unit */
export function energy(mwh) {
  if (mwh >= 9_999_950_000) return [decimals(mwh / 1e9, 1), "MWh"];
  return [decimals(mwh / 1e6, mwh < 99_995_000 ? 2 : 1), "kWh"];
}

/** Watts as kW, for a column. @param {number} watts */
export const kilowatts = (watts) => decimals(watts / 1000, 1);

/** mWh as kWh, for a column. @param {number} mwh */
export const kilowattHours = (mwh) => decimals(mwh / 1e6, 2);

/**
 * Money in the swarm's currency.
 *
 * @param {number} value in whole units of the currency
 * @param {string} currency ISO 4217
 * @param {number} [digits] after the point
 */
export function amount(value, currency, digits = 2) {
  const key = `${currency}${digits}`;
  let format = money.get(key);
  if (!format) {
    const shape = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    try {
      format = new Intl.NumberFormat("en", { style: "currency", currency, ...shape });
    } catch {
      format = new Intl.NumberFormat("en", shape);
    }
    money.set(key, format);
  }
  return format.format(value);
}

/** A span of seconds in its largest whole unit: "4 s", "12 min", "3 h", "2 d". @param {number} seconds */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}
