/** Power and limit of one outlet over time, with the state of charge of its car. */

import { html, useEffect, useMemo, useState } from "../../vendor/runtime.js";
import { TimeChart } from "./time_chart.js";

const SPANS = /** @type {const} */ ([
  [15, "15 min"],
  [60, "1 h"],
  [360, "6 h"],
  [1440, "24 h"],
]);

/** @type {readonly import("./time_chart.js").Line[]} */
const LINES = [
  {
    label: "power",
    colour: "--chart-charging",
    side: "left",
    fill: true,
    words: (v) => `${v.toFixed(1)} kW`,
  },
  {
    label: "limit",
    colour: "--chart-running",
    side: "left",
    steps: true,
    dashed: true,
    words: (v) => `${v.toFixed(1)} kW`,
  },
  { label: "state of charge", colour: "--chart-power", side: "right", words: (v) => `${v.toFixed(0)} %` },
];

/** @param {{watch: import("./watch.js").Watch, connectors: readonly import("./detail.js").Connector[], at: number}} props */
export function PowerChart({ watch, connectors, at }) {
  const [minutes, setMinutes] = useState(15);
  const [picked, setPicked] = useState(/** @type {number | null} */ (null));
  const busy = connectors.find(({ transaction }) => transaction)?.connector_id;
  // The outlet that was busy first stays shown, unless the reader picks another.
  const [first] = useState(busy ?? connectors[0]?.connector_id ?? 1);
  const id = picked ?? first;
  useEffect(() => void watch.lookBack(minutes), [watch, minutes]);
  const version = watch.version.value;
  const columns = useMemo(() => watch.trail.columns(id, at - minutes * 60), [id, minutes, version, at]);
  return html`
    <section class="card panel" aria-label="Power over time">
      <div class="panel-head">
        <h2>Power and limit</h2>
        <span class="grow"></span>
        ${
          connectors.length > 1 &&
          html`
          <div class="presets" role="group" aria-label="Connector of the chart">
            ${connectors.map(
              ({ connector_id }) => html`
                <button
                  type="button"
                  class="small"
                  key=${connector_id}
                  aria-pressed=${id === connector_id}
                  aria-label=${`Connector ${connector_id}`}
                  onClick=${() => setPicked(connector_id)}
                >${connector_id}</button>`,
            )}
          </div>`
        }
        <div class="presets" role="group" aria-label="Span of the chart">
          ${SPANS.map(
            ([value, words]) => html`
              <button
                type="button"
                class="small"
                key=${value}
                aria-pressed=${minutes === value}
                onClick=${() => setMinutes(value)}
              >${words}</button>`,
          )}
        </div>
      </div>
      <${TimeChart}
        label=${connectors.length > 1 ? `Connector ${id}` : ""}
        lines=${LINES}
        columns=${columns}
        span=${[at - minutes * 60, at]}
      />
      ${watch.pastProblem && html`<p class="muted">${watch.pastProblem}</p>`}
    </section>
  `;
}
