/** One station. */

import { html } from "../../vendor/runtime.js";
import { fleet, rowsVersion } from "../state/swarm.js";

/** @param {{id: string}} props */
export function StationPage({ id }) {
  rowsVersion.value;
  const row = fleet.rows.get(id);
  return html`
    <h1 tabindex="-1">${id}</h1>
    <section class="card empty">
      <p>${row ? `${row.state}, on ${row.worker || "no worker"}` : "No station of this name is known."}</p>
      <p><a href=${`/?q=${encodeURIComponent(id)}`}>Show it in the table</a></p>
    </section>
  `;
}
