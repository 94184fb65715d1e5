/** The swarm over time: the last quarter of an hour, or the sums of days from the history. */

import { html, signal, useMemo } from "../../vendor/runtime.js";
import { amount, count } from "../format.js";
import { aggregate, currency, hello } from "../model.js";
import { trend, trendVersion } from "../state/swarm.js";
import { look, view } from "../state/swarm_view.js";
import { Chart } from "./chart.js";
import { DayCharts } from "./day_charts.js";
import { PanelLink } from "./panel_link.js";

/** The point that the shared cursor stands at. @type {import("../../vendor/runtime.js").Signal<number | null>} */
const pointed = signal(null);

/**
 * @typedef {object} Shown
 * @property {string} title
 * @property {string} panel in Grafana
 * @property {readonly {series: import("../state/trend.js").Series, label: string, colour: string, dash?: number[],
 *   scale?: number}[]} lines
 * @property {(value: number) => string} figure
 */

/** @param {number} value */
const oneDigit = (value) => (value < 10 ? value.toFixed(1) : count(value));

/** @type {readonly Shown[]} */
const SHOWN = [
  {
    title: "Stations",
    panel: "running",
    lines: [
      { series: "desired", label: "desired", colour: "--chart-desired", dash: [4, 3] },
      { series: "running", label: "running", colour: "--chart-running" },
      { series: "charging", label: "charging", colour: "--chart-charging" },
    ],
    figure: count,
  },
  {
    title: "Power",
    panel: "power_w",
    lines: [{ series: "power_w", label: "kW", colour: "--chart-power", scale: 1 / 1000 }],
    figure: oneDigit,
  },
  {
    title: "Messages",
    panel: "messages_per_second",
    lines: [{ series: "messages_per_second", label: "a second", colour: "--chart-running" }],
    figure: oneDigit,
  },
  {
    title: "Round trip",
    panel: "round_trip_p95_ms",
    lines: [{ series: "round_trip_p95_ms", label: "ms (p95)", colour: "--chart-charging" }],
    figure: oneDigit,
  },
];

export function TrendStrip() {
  const days = view.value.trend === "days";
  const hasHistory = hello.value?.history !== false;
  return html`
    <section class="card trend" aria-label=${days ? "Sums of days" : "Last 15 minutes"}>
      <div class="control-head">
        <h2>${days ? "Days" : "Last 15 minutes"}</h2>
        ${
          hasHistory &&
          html`
          <div class="joined" role="group" aria-label="Time shown">
            <button type="button" class="small" aria-pressed=${!days} onClick=${() => look({ trend: "" })}>15 minutes</button>
            <button type="button" class="small" aria-pressed=${days} onClick=${() => look({ trend: "days" })}>Days</button>
          </div>`
        }
      </div>
      ${days && hasHistory ? html`<${DayCharts} />` : html`<${Minutes} />`}
    </section>
  `;
}

function Minutes() {
  const version = trendVersion.value;
  const marks = useMemo(() => trend.priceChanges(), [version]);
  const at = pointed.value;
  const when = at === null ? undefined : trend.times[at];
  const mark = (when && marks.find((each) => Math.abs(each.at - when) < 8)) || marks.at(-1);
  return html`
    <div class="charts">
      ${SHOWN.map(
        (shown) => html`<${TimeChart} key=${shown.title} shown=${shown} version=${version} marks=${marks} />`,
      )}
    </div>
    ${
      mark &&
      html`
      <p class="chart-note muted">
        <i class="key-price"></i>
        Price ${amount(mark.price, currency.value, Number.isInteger(mark.price * 100) ? 2 : 3)} since
        ${" "}${new Date(mark.at * 1000).toLocaleTimeString("en-GB")}
      </p>`
    }
  `;
}

/** @param {{shown: Shown, version: number, marks: readonly {at: number}[]}} props */
function TimeChart({ shown, version, marks }) {
  const { title, panel, lines, figure } = shown;
  const data = useMemo(
    () => [
      trend.times,
      ...lines.map(({ series, scale = 1 }) => trend.values[series].map((value) => value * scale)),
    ],
    [version],
  );
  const at = pointed.value ?? trend.times.length - 1;
  const unknown = shown.panel === "round_trip_p95_ms" && aggregate.value?.round_trip_p95_ms === null;
  return html`
    <figure class="time-chart">
      <figcaption>
        <b>${title}</b>
        ${lines.map(({ series, label, colour, dash, scale = 1 }) => {
          const value = trend.values[series][at];
          return html`
            <span key=${series} class=${`chart-key ${dash ? "dashed" : ""}`} style=${{ "--key": `var(${colour})` }}>
              <i></i>${value === undefined || (unknown && pointed.value === null) ? "–" : figure(value * scale)} ${label}
            </span>`;
        })}
        <span class="grow"></span>
        <${PanelLink} name=${panel} what=${title} />
      </figcaption>
      <${Chart}
        data=${data}
        lines=${lines}
        share="minutes"
        marks=${marks.map((each) => each.at)}
        onPoint=${(/** @type {number | null} */ index) => {
          pointed.value = index;
        }}
      />
    </figure>
  `;
}
