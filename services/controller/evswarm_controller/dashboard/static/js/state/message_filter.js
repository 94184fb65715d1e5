/**
 * Which messages are looked at, as it stands in the address of the page of all messages. Pure.
 *
 * @typedef {import("../messages/message_log.js").Filter} Filter
 */

import { ANYTHING } from "../messages/message_log.js";

const TEXTS = /** @type {const} */ (["station", "worker", "action", "text", "since", "until"]);
/** Most letters of what is looked for: the feed and the API take no more. */
export const MOST_LETTERS = Object.freeze({
  station: 48,
  worker: 200,
  action: 64,
  text: 200,
  since: 64,
  until: 64,
});
const CHOICES = /** @type {const} */ ({
  direction: ["from_station", "to_station"],
  kind: ["answered", "error", "unanswered", "malformed"],
});

/** @param {string} search of an address, with or without "?" @returns {Filter} */
export function parseFilter(search) {
  const values = new URLSearchParams(search);
  const filter = { ...ANYTHING };
  for (const name of TEXTS) filter[name] = (values.get(name) ?? "").slice(0, MOST_LETTERS[name]);
  for (const name of /** @type {const} */ (["direction", "kind"])) {
    const value = values.get(name) ?? "";
    filter[name] = CHOICES[name].some((choice) => choice === value) ? value : "";
  }
  for (const name of /** @type {const} */ (["since", "until"])) {
    if (Number.isNaN(Date.parse(filter[name]))) filter[name] = "";
  }
  filter.errors = values.get("errors") === "true" && !filter.kind;
  return filter;
}

/** The search part for a filter, "" for everything. @param {Filter} filter */
export function formatFilter(filter) {
  const values = new URLSearchParams();
  for (const name of TEXTS) if (filter[name].trim()) values.set(name, filter[name].trim());
  if (filter.direction) values.set("direction", filter.direction);
  if (filter.kind) values.set("kind", filter.kind);
  else if (filter.errors) values.set("errors", "true");
  // Colons are allowed where they stand, and times are easier to read with them.
  const text = values.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

/** Whether anything is narrowed. @param {Filter} filter */
export const isNarrowed = (filter) => formatFilter(filter) !== "";
