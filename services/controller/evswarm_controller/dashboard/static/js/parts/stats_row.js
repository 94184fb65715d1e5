/** The six numbers of the swarm, each with its last five minutes. */

import { html } from "../../vendor/runtime.js";
import { amount, count, counted, energy, power } from "../format.js";
import { aggregate, currency } from "../model.js";
import { trend, trendVersion } from "../state/swarm.js";
import { look, view } from "../state/swarm_view.js";
import { PanelLink } from "./panel_link.js";

const SPARK_SECONDS = 300;
const SPARK = { width: 200, height: 28 };

/**
 * @typedef {import("../state/trend.js").Series} Series
 *
 * @typedef {object} Stat
 * @property {string} name
 * @property {string} figure
 * @property {string} [unit]
 * @property {string} note
 * @property {Series} series drawn below
 * @property {boolean} pressed whether its filter or order is in force
 * @property {() => void} act what a click does
 * @property {string} title what a click does, in words
 */

/** @returns {Stat[]} */
function stats() {
  const agg = aggregate.value;
  const { status, sort } = view.value;
  const [kw, kwUnit] = power(agg?.power_w ?? 0);
  const [kwh, kwhUnit] = energy(agg?.energy_mwh ?? 0);
  const drawing = agg?.states.Charging ?? 0;
  const share = agg?.stations ? Math.round((100 * agg.running) / agg.stations) : 0;
  /** @param {"power" | "energy" | "earnings"} key */
  const bySort = (key) => ({
    pressed: sort === key,
    act: () => look(sort === key ? { sort: "station", dir: "asc" } : { sort: key, dir: "desc" }),
  });
  /** @param {string} name */
  const byStatus = (name) => ({
    pressed: status === name,
    act: () => look({ status: status === name ? "" : name }),
  });
  return [
    {
      name: "Total stations",
      figure: count(agg?.stations ?? 0),
      note: `${count(agg?.desired ?? 0)} desired`,
      series: "stations",
      pressed: false,
      act: () => look({ q: "", status: "", worker: "", profile: "" }),
      title: "Show all stations",
    },
    {
      name: "Running",
      figure: count(agg?.running ?? 0),
      note: `${share} % of all, ${counted(Object.keys(agg?.workers ?? {}).length, "worker")}`,
      series: "running",
      ...byStatus("Running"),
      title: "Show the running stations only",
    },
    {
      name: "Charging now",
      figure: count(agg?.charging ?? 0),
      note: `${count(drawing)} drawing power`,
      series: "charging",
      ...byStatus("In transaction"),
      title: "Show the stations with an open transaction only",
    },
    {
      name: "Power",
      figure: kw,
      unit: kwUnit,
      note: drawing > 0 ? `${power((agg?.power_w ?? 0) / drawing).join(" ")} on average` : "no load",
      series: "power_w",
      ...bySort("power"),
      title: "Sort by power",
    },
    {
      name: "Total energy",
      figure: kwh,
      unit: kwhUnit,
      note: "delivered so far",
      series: "energy_mwh",
      ...bySort("energy"),
      title: "Sort by energy",
    },
    {
      name: "Earnings",
      figure: amount((agg?.earnings_micro ?? 0) / 1e6, currency.value),
      note: `at ${amount(agg?.price ?? 0, currency.value)} a kWh now`,
      series: "earnings_micro",
      ...bySort("earnings"),
      title: "Sort by earnings",
    },
  ];
}

export function StatsRow() {
  return html`
    <section class="stats" aria-label="The swarm in numbers">
      ${stats().map(
        (stat) => html`
          <div class="stat-place" key=${stat.name}>
            <button
              type="button"
              class="stat"
              aria-pressed=${stat.pressed}
              title=${stat.title}
              onClick=${stat.act}
            >
              <span class="stat-name">${stat.name}</span>
              <span class="stat-figure">${stat.figure}${stat.unit && html` <small>${stat.unit}</small>`}</span>
              <span class="stat-note">${stat.note}</span>
              <${Sparkline} series=${stat.series} />
            </button>
            <${PanelLink} name=${stat.series} what=${stat.name} />
          </div>`,
      )}
    </section>
  `;
}

/** @param {{series: Series}} props */
function Sparkline({ series }) {
  trendVersion.value;
  const line = trend.path(series, SPARK_SECONDS, SPARK.width, SPARK.height - 3);
  return html`
    <svg
      class="spark"
      viewBox=${`0 -1.5 ${SPARK.width} ${SPARK.height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      ${
        line &&
        html`
          <path
            class="spark-area"
            d=${`${line}V${SPARK.height}H0Z`}
          /><path class="spark-line" d=${line} />`
      }
    </svg>
  `;
}
