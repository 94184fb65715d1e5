/**
 * What is being looked at, as it stands in the address: filters, order, opened logs. A copied link shows the same.
 *
 * @typedef {import("./fleet.js").Query} Query
 * @typedef {Query & {log: string[], trend: "" | "days"}} View `trend`: the last minutes, or sums of days
 */

/** @type {View} */
export const DEFAULT_VIEW = Object.freeze({
  q: "",
  status: "",
  worker: "",
  profile: "",
  sort: "station",
  dir: "asc",
  log: [],
  trend: "",
});

const SORTS = new Set(["station", "status", "worker", "power", "session", "energy", "earnings", "seen"]);
const MOST_LOGS = 8;
/** Most letters of each filter: the feed and the API take no more. */
export const MOST_LETTERS = Object.freeze({ q: 100, status: 200, worker: 200, profile: 32 });

/** @param {string} search of an address, with or without "?" @returns {View} */
export function parseView(search) {
  const values = new URLSearchParams(search);
  const sort = values.get("sort") ?? "";
  /** @param {keyof typeof MOST_LETTERS} name */
  const text = (name) => (values.get(name) ?? "").slice(0, MOST_LETTERS[name]);
  return {
    q: text("q"),
    status: text("status"),
    worker: text("worker"),
    profile: text("profile"),
    sort: /** @type {View["sort"]} */ (SORTS.has(sort) ? sort : DEFAULT_VIEW.sort),
    dir: values.get("dir") === "desc" ? "desc" : "asc",
    trend: values.get("trend") === "days" ? "days" : "",
    log: [...new Set((values.get("log") ?? "").split(",").filter(Boolean))].slice(0, MOST_LOGS),
  };
}

/** The search part for a view, "" for the default one. @param {View} view */
export function formatView(view) {
  const values = new URLSearchParams();
  for (const key of /** @type {const} */ (["q", "status", "worker", "profile", "sort", "dir", "trend"])) {
    if (view[key] !== DEFAULT_VIEW[key]) values.set(key, view[key]);
  }
  if (view.log.length > 0) values.set("log", view.log.join(","));
  const text = values.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/**
 * The view with one more or one fewer opened log; the oldest closes when there are too many.
 *
 * @param {View} view
 * @param {string} id
 * @returns {View}
 */
export function toggleLog(view, id) {
  if (view.log.includes(id)) return { ...view, log: view.log.filter((other) => other !== id) };
  return { ...view, log: [...view.log, id].slice(-MOST_LOGS) };
}

/** Whether any filter narrows the table. @param {View} view */
export const isFiltered = (view) => Boolean(view.q.trim() || view.status || view.worker || view.profile);
