/** The log of a station, under its row in the table. */

import { html } from "../../vendor/runtime.js";
import { amount, kilowattHours, kilowatts } from "../format.js";
import { currency } from "../model.js";
import { toggleLogOf } from "../state/swarm_view.js";
import { Icon } from "./icon.js";
import { LogView } from "./log_view.js";

/** Height of the panel's row in pixels; table.css gives it. */
export const PANEL_HEIGHT = 320;

/** @param {{row: import("../protocol.js").Row, span: number}} props */
export const LogPanel = ({ row, span: columns }) => html`
  <tr class="log-row">
    <td colspan=${columns}>
      <${LogView} id=${row.id} closing=${html`<${Close} id=${row.id} />`}>
        <dl class="facts" tabindex="0" aria-label="What narrow tables leave out">
          ${facts(row).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
        </dl>
      <//>
    </td>
  </tr>
`;

/** @param {{id: string}} props */
const Close = ({ id }) => html`
  <button
    type="button"
    class="small square"
    aria-label=${`Close the log of ${id}`}
    onClick=${() => toggleLogOf(id)}
  ><${Icon} name="close" /></button>`;

/** What narrow tables leave out. @param {import("../protocol.js").Row} row @returns {[string, string][]} */
const facts = (row) => [
  ["Connectors", row.connectors.map((status, i) => `${i + 1} ${status}`).join(", ") || "–"],
  ["Worker", row.worker || "–"],
  ["Profile", row.profile],
  ["Power", `${kilowatts(row.powerW)} kW`],
  ["Session", row.transactions ? `${kilowattHours(row.sessionWh * 1000)} kWh` : "–"],
  ["Total", `${kilowattHours(row.energyMwh)} kWh`],
  ["Earnings", amount(row.earningsMicro / 1e6, currency.value)],
  ["Last message", row.lastMessage || "–"],
];
