/** The log of a station, under its row: newest line first, fetched once, kept after. */

import { html, useEffect } from "../../vendor/runtime.js";
import { amount, counted, kilowattHours, kilowatts, span } from "../format.js";
import { currency, second } from "../model.js";
import { follow, followed, loadLog, logOf } from "../state/logs.js";
import { toggleLogOf } from "../state/swarm_view.js";
import { Icon } from "./icon.js";

/** Height of the panel's row in pixels; table.css gives it. */
export const PANEL_HEIGHT = 320;

/** @param {{row: import("../protocol.js").Row, span: number}} props */
export function LogPanel({ row, span: columns }) {
  const { id } = row;
  useEffect(() => loadLog(id), [id]);
  const { log, problem, fetching } = logOf(id);
  const live = followed.value.has(id);
  const age = live || !log ? "live" : `${span(second.value - log.at)} old`;
  return html`
    <tr class="log-row">
      <td colspan=${columns}>
        <section class="log" aria-label=${`Log of ${id}`}>
          <div class="log-head">
            <h3>${id}</h3>
            ${log && html`<span class="muted">${counted(log.lines.length, "line")}, ${age}</span>`}
            <span class="grow"></span>
            <label class="switch"><input
              type="checkbox"
              checked=${live}
              onChange=${(/** @type {any} */ e) => follow(id, e.target.checked)}
            /><span>Live</span></label>
            <button
              type="button"
              class="small"
              disabled=${fetching || live}
              onClick=${() => loadLog(id, { again: true })}
            ><${Icon} name="refresh" />Refresh</button>
            <button
              type="button"
              class="small square"
              aria-label=${`Close the log of ${id}`}
              onClick=${() => toggleLogOf(id)}
            ><${Icon} name="close" /></button>
          </div>
          <dl class="facts">
            ${facts(row).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
          </dl>
          ${
            problem &&
            html`
              <p class="problem" role="alert">
                ${problem}.
                <button type="button" class="small" onClick=${() => loadLog(id, { again: true })}>Try again</button>
              </p>`
          }
          ${!log && !problem && html`<p class="muted">Loading…</p>`}
          ${log && log.lines.length === 0 && html`<p class="muted">Nothing logged yet.</p>`}
          ${
            log &&
            log.lines.length > 0 &&
            html`<ol class="lines" tabindex="0" aria-label=${`Log lines of ${id}, newest first`}>
              ${log.lines.map(
                ({ time, text }, i) => html`
                  <li key=${log.lines.length - i}><time>${time}</time><span>${text}</span></li>`,
              )}
            </ol>`
          }
        </section>
      </td>
    </tr>
  `;
}

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
