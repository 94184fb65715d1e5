/** The last quarter of an hour: stations on the left scale, power on the right. */

import { html, UPlot, useEffect, useLayoutEffect, useRef } from "../../vendor/runtime.js";
import { count } from "../format.js";
import { trend, trendVersion } from "../state/swarm.js";
import { theme } from "../theme.js";

const HEIGHT = 118;
const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((e) => [1, 2, 5].map((n) => n * 10 ** e));

/** @returns {import("uplot").AlignedData} */
const data = () => [
  trend.times,
  trend.values.desired,
  trend.values.running,
  trend.values.charging,
  trend.values.power_w.map((watts) => watts / 1000),
];

/** @param {HTMLElement} host @returns {import("uplot").Options} */
function options(host) {
  const style = getComputedStyle(host);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--chart-text"),
    grid: { stroke: colour("--chart-grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
    size: 44,
    gap: 4,
    values: (/** @type {unknown} */ _u, /** @type {number[]} */ ticks) => ticks.map(short),
  };
  const quiet = { points: { show: false } };
  return {
    width: Math.max(host.clientWidth, 120),
    height: HEIGHT,
    padding: [6, 0, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: true }, stations: { range: fromZero }, kw: { range: fromZero } },
    axes: [
      { ...axis, size: 20, grid: { show: false }, space: 70, values: (_u, ticks) => clocks(ticks) },
      { ...axis, scale: "stations", space: 22, incrs: WHOLE_STEPS },
      { ...axis, scale: "kw", side: 1, space: 22, incrs: WHOLE_STEPS, grid: { show: false } },
    ],
    series: [
      {},
      { ...quiet, scale: "stations", stroke: colour("--chart-desired"), width: 1, dash: [4, 3] },
      { ...quiet, scale: "stations", stroke: colour("--chart-running"), width: 1.5 },
      { ...quiet, scale: "stations", stroke: colour("--chart-charging"), width: 1.5 },
      { ...quiet, scale: "kw", stroke: colour("--chart-power"), width: 1.25 },
    ],
  };
}

/** @param {unknown} _u @param {number} _low @param {number} high @returns {[number, number]} */
const fromZero = (_u, _low, high) => [0, Math.max(high * 1.08, 4)];

/** @param {number} value */
const short = (value) => (value >= 10_000 ? `${count(value / 1000)}k` : count(value));

/** Times of day, with seconds where ticks stand closer than a minute. @param {number[]} ticks unix seconds */
function clocks(ticks) {
  const close = ticks.length > 1 && (ticks[1] ?? 0) - (ticks[0] ?? 0) < 60;
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { hour: "2-digit", minute: "2-digit" };
  if (close) shape.second = "2-digit";
  return ticks.map((t) => new Date(t * 1000).toLocaleTimeString("en-GB", shape));
}

const KEY = [
  ["desired", "desired"],
  ["running", "running"],
  ["charging", "charging"],
  ["power", "kW"],
];

export function TrendChart() {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const chart = useRef(/** @type {import("uplot") | null} */ (null));
  const points = trendVersion.value;
  const chosen = theme.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const make = () => {
      chart.current?.destroy();
      chart.current = new UPlot(options(element), data(), element);
    };
    const resized = new ResizeObserver(() => {
      const width = Math.max(element.clientWidth, 120);
      if (chart.current && chart.current.width !== width) chart.current.setSize({ width, height: HEIGHT });
    });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    make();
    resized.observe(element);
    scheme.addEventListener("change", make);
    return () => {
      resized.disconnect();
      scheme.removeEventListener("change", make);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [chosen]);

  useLayoutEffect(() => chart.current?.setData(data()), [points]);

  return html`
    <section class="card control trend" aria-label="Last 15 minutes">
      <div class="control-head">
        <h2>Last 15 minutes</h2>
        <span
          class="chart-key"
          aria-hidden="true"
        >${KEY.map(([name, label]) => html`<span key=${name}><i class=${`key-${name}`}></i>${label}</span>`)}</span>
      </div>
      <div class="chart" ref=${host} aria-hidden="true"></div>
    </section>
  `;
}
