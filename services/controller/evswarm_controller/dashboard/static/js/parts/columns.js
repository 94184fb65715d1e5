/** The columns of the table and their headers. `less` columns leave the page first when it is narrow. */

import { html } from "../../vendor/runtime.js";
import { look, view } from "../model.js";

/**
 * @typedef {import("../state/fleet.js").SortKey} SortKey
 * @typedef {{name: string, label: string, sort?: SortKey, number?: boolean}} Column
 */

/** @type {readonly Column[]} */
export const COLUMNS = [
  { name: "station", label: "Station", sort: "station" },
  { name: "status", label: "Status", sort: "status" },
  { name: "connector", label: "Connector" },
  { name: "worker", label: "Worker", sort: "worker" },
  { name: "power", label: "Power kW", sort: "power", number: true },
  { name: "session", label: "Session kWh", sort: "session", number: true },
  { name: "energy", label: "Total kWh", sort: "energy", number: true },
  { name: "earnings", label: "Earnings", sort: "earnings", number: true },
  { name: "seen", label: "Last message", sort: "seen" },
  { name: "actions", label: "Actions" },
];

/** @param {{column: Column}} props */
export function ColumnHeader({ column }) {
  const { name, label, sort, number } = column;
  const kind = `col-${name}${number ? " number" : ""}`;
  if (!sort) return html`<th scope="col" class=${kind}>${label}</th>`;
  const sorted = view.value.sort === sort;
  const direction = sorted ? (view.value.dir === "asc" ? "ascending" : "descending") : "none";
  // Numbers are wanted largest first, words from the start of the alphabet.
  const next = sorted
    ? view.value.dir === "asc"
      ? "desc"
      : "asc"
    : number || sort === "seen"
      ? "desc"
      : "asc";
  return html`
    <th scope="col" class=${kind} aria-sort=${direction}>
      <button type="button" onClick=${() => look({ sort, dir: next })}>
        <span>${label}</span><i class=${`arrow ${direction}`} aria-hidden="true"></i>
      </button>
    </th>
  `;
}
