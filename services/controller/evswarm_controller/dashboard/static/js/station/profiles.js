/** Charging profiles, and what all of them together allow in the time to come. */

import { html, useMemo, useState } from "../../vendor/runtime.js";
import { profileWords, scheduleColumns } from "./detail.js";
import { TimeChart } from "./time_chart.js";

/** @type {readonly import("./time_chart.js").Line[]} */
const LINES = [
  {
    label: "limit",
    colour: "--chart-running",
    side: "left",
    steps: true,
    fill: true,
    words: (v) => `${v.toFixed(1)} kW`,
  },
];

/** @param {{detail: import("./detail.js").Detail, enabled: boolean, onCommand: (name: string, payload?: any) => void}} props */
export function Profiles({ detail, enabled, onCommand }) {
  const { charging_profiles: profiles, schedules } = detail;
  return html`
    <section class="card panel" aria-label="Charging profiles">
      <div class="panel-head">
        <h2>Charging profiles</h2>
        <span class="grow"></span>
        <button type="button" class="small" disabled=${!enabled} onClick=${() => onCommand("SetChargingProfile")}>Set one</button>
        ${
          profiles.length > 0 &&
          html`<button
            type="button"
            class="small"
            disabled=${!enabled}
            onClick=${() => onCommand("ClearChargingProfile", {})}
          >Clear</button>`
        }
      </div>
      ${
        profiles.length === 0
          ? html`<p class="muted">None: every connector may give up to ${detail.max_power_kw.toFixed(1)} kW.</p>`
          : html`
          <ul class="profiles">
            ${profiles.map(({ request }) => {
              const words = profileWords(request);
              const level = request.csChargingProfiles.stackLevel;
              return html`
                <li key=${`${words.title} ${words.where}`}>
                  <div>
                    <strong>${words.title}</strong> <span class="muted">${words.where}, stack level ${level}</span>
                    <div class="muted">${words.when}</div>
                    <div class="limits">${words.limits}</div>
                  </div>
                  <button
                    type="button"
                    class="small"
                    disabled=${!enabled}
                    aria-label=${`Change ${words.title}`}
                    onClick=${() => onCommand("SetChargingProfile", request)}
                  >Change</button>
                  <button
                    type="button"
                    class="small"
                    disabled=${!enabled}
                    aria-label=${`Clear ${words.title}`}
                    onClick=${() =>
                      onCommand("ClearChargingProfile", { id: request.csChargingProfiles.chargingProfileId })}
                  >Clear</button>
                </li>`;
            })}
          </ul>
          ${schedules.length > 0 && html`<${Composite} schedules=${schedules} />`}`
      }
    </section>
  `;
}

/** @param {{schedules: readonly import("./detail.js").Schedule[]}} props */
function Composite({ schedules }) {
  const [id, setId] = useState(0);
  const schedule = schedules.find(({ connector_id }) => connector_id === id) ?? schedules[0];
  const columns = useMemo(() => (schedule ? scheduleColumns(schedule) : [[], []]), [schedule]);
  return html`
    <div class="panel-head">
      <h3>Composite schedule, next 24 h</h3>
      <span class="grow"></span>
      <div class="presets" role="group" aria-label="Part of the composite schedule">
        ${schedules.map(
          ({ connector_id }) => html`
            <button
              type="button"
              class="small"
              key=${connector_id}
              aria-pressed=${id === connector_id}
              onClick=${() => setId(connector_id)}
            >${connector_id === 0 ? "Station" : connector_id}</button>`,
        )}
      </div>
    </div>
    <${TimeChart} label=${id === 0 ? "Whole station" : `Connector ${id}`} lines=${LINES} columns=${columns} height=${150}
    ahead />
  `;
}
