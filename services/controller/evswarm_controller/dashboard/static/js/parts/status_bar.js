/** One stacked bar of all states, and the same in words; both filter. */

import { html } from "../../vendor/runtime.js";
import { count, counted } from "../format.js";
import { aggregate } from "../model.js";
import { look, view } from "../state/swarm_view.js";
import { STATION_STATES, stateClass } from "../station_states.js";
import { PanelLink } from "./panel_link.js";

export function StatusBar() {
  const agg = aggregate.value;
  const states = agg?.states ?? {};
  const chosen = view.value.status;
  const present = STATION_STATES.filter(({ name }) => (states[name] ?? 0) > 0);
  /** @param {string} name */
  const choose = (name) => look({ status: chosen === name ? "" : name });
  return html`
    <section class="card statusbar" aria-label="Stations by state">
      <div class="stack" aria-hidden="true">
        ${present.map(
          ({ name }) => html`
            <div
              key=${name}
              class=${`seg ${stateClass(name)}${chosen && chosen !== name ? " faded" : ""}`}
              style=${{ flexGrow: states[name] }}
              title=${`${name}: ${counted(states[name] ?? 0, "station")}`}
              onClick=${() => choose(name)}
            ></div>`,
        )}
      </div>
      <div class="legend" role="group" aria-label="Filter by state">
        ${STATION_STATES.map(({ name, hint }) => {
          const n = states[name] ?? 0;
          return html`
            <button
              type="button"
              key=${name}
              class=${`chip${n === 0 ? " none" : ""}`}
              aria-pressed=${chosen === name}
              title=${hint}
              onClick=${() => choose(name)}
            >
              <i class=${`swatch ${stateClass(name)}`}></i>${name} <b>${count(n)}</b>
            </button>`;
        })}
        <span class="grow"></span>
        <${PanelLink} name="states" what="Stations by state" />
      </div>
    </section>
  `;
}
