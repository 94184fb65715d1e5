/** The columns of the table, which of them the page is wide enough for, and their headers. */

import { html, useLayoutEffect, useRef } from "../../vendor/runtime.js";
import { isNothing } from "../state/selection.js";
import { look, view } from "../state/swarm_view.js";
import { selection, toggleAll } from "../state/ticked.js";
import { fitting } from "../widths.js";

/**
 * @typedef {import("../state/fleet.js").SortKey} SortKey
 * @typedef {{name: string, label: string, sort?: SortKey, number?: boolean, from?: number}} Column
 *   `from`: the width of the page in pixels below which the column is left out; an opened log shows its value then
 */

/** @type {readonly Column[]} */
export const COLUMNS = [
  { name: "tick", label: "" },
  { name: "station", label: "Station", sort: "station" },
  { name: "status", label: "Status", sort: "status" },
  { name: "connector", label: "Connector", from: 860 },
  { name: "worker", label: "Worker", sort: "worker", from: 1280 },
  { name: "power", label: "Power kW", sort: "power", number: true },
  { name: "session", label: "Session kWh", sort: "session", number: true, from: 640 },
  { name: "energy", label: "Total kWh", sort: "energy", number: true, from: 860 },
  { name: "earnings", label: "Earnings", sort: "earnings", number: true, from: 640 },
  { name: "seen", label: "Last message", sort: "seen", from: 1280 },
  { name: "actions", label: "Actions" },
];

/** The columns that the page has room for. */
export const shownColumns = fitting(COLUMNS);

/** @param {{column: Column}} props */
export function ColumnHeader({ column }) {
  const { name, label, sort, number } = column;
  if (name === "tick") return html`<${TickAll} />`;
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

/** The box that ticks all stations that match, or unticks what is ticked. */
function TickAll() {
  const box = useRef(/** @type {HTMLInputElement | null} */ (null));
  const all = selection.value.filter !== null;
  const some = !all && !isNothing(selection.value);
  useLayoutEffect(() => {
    if (box.current) box.current.indeterminate = some;
  });
  return html`
    <th scope="col" class="col-tick">
      <input
        ref=${box}
        type="checkbox"
        checked=${all}
        aria-label=${all || some ? "Untick all stations" : "Tick all stations that match"}
        onClick=${(/** @type {Event} */ event) => {
          event.preventDefault();
          // After the browser has put back what it had changed by itself.
          setTimeout(toggleAll);
        }}
      />
    </th>
  `;
}
