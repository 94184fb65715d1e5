/**
 * What is being looked at of a station, as it stands in the address. Pure.
 *
 * @typedef {import("../messages/message_log.js").Filter} Filter
 * @typedef {"now" | "actions" | "configuration" | "messages" | "log" | "sessions"} SectionName
 * @typedef {{section: SectionName, filter: Filter}} StationView
 */

import { parseFilter } from "../state/message_filter.js";

/** @type {readonly {name: SectionName, label: string}[]} */
export const SECTIONS = [
  { name: "now", label: "Now" },
  { name: "actions", label: "Actions" },
  { name: "configuration", label: "Configuration" },
  { name: "messages", label: "Messages" },
  { name: "log", label: "Log" },
  { name: "sessions", label: "Sessions" },
];

const TEXTS = /** @type {const} */ (["action", "direction", "kind", "text", "since", "until"]);

/** @param {string} search of an address @returns {StationView} */
export function parseStationView(search) {
  const show = new URLSearchParams(search).get("show");
  const section = SECTIONS.find(({ name }) => name === show)?.name ?? "now";
  return { section, filter: { ...parseFilter(search), station: "", worker: "" } };
}

/** The search part for a view, "" for the first one. Filters stand there only where they count. @param {StationView} view */
export function formatStationView({ section, filter }) {
  const values = new URLSearchParams();
  if (section !== "now") values.set("show", section);
  if (section === "messages") {
    for (const name of TEXTS) if (filter[name]) values.set(name, filter[name]);
    if (filter.errors) values.set("errors", "true");
  }
  const text = values.toString();
  return text ? `?${text}` : "";
}
