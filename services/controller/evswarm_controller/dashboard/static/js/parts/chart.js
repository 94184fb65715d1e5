/** A uPlot chart in the page: made anew with the theme, as wide as its place, its cursor shared with its neighbours. */

import { html, UPlot, useEffect, useLayoutEffect, useRef } from "../../vendor/runtime.js";
import { count } from "../format.js";
import { DAY_STEPS, daySpan } from "../state/day_sums.js";
import { theme } from "../theme.js";

/**
 * @typedef {object} Line
 * @property {string} colour name of a colour token
 * @property {number} [width]
 * @property {number[]} [dash]
 * @property {boolean} [bars] bars instead of a line
 *
 * @typedef {object} ChartProps
 * @property {import("uplot").AlignedData} data unix seconds, then the values of each line
 * @property {readonly Line[]} lines
 * @property {number} [height]
 * @property {string} share charts of the same name share their cursor
 * @property {readonly number[]} [marks] unix seconds at which a vertical line stands
 * @property {boolean} [days] whether the points are whole days in UTC
 * @property {(index: number | null) => void} [onPoint] the position that the cursor points at
 */

const WHOLE_STEPS = [0, 1, 2, 3, 4, 5, 6].flatMap((e) => [1, 2, 5].map((n) => n * 10 ** e));

/** @param {ChartProps} props */
export function Chart({ data, lines, height = 84, share, marks = [], days = false, onPoint }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const chart = useRef(/** @type {import("uplot") | null} */ (null));
  /** What the chart reads while it draws. */
  const now = useRef({ marks, onPoint, data });
  now.current = { marks, onPoint, data };
  const chosen = theme.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const make = () => {
      chart.current?.destroy();
      const shape = options(element, { lines, height, share, days }, now);
      chart.current = new UPlot(shape, now.current.data, element);
    };
    const resized = new ResizeObserver(() => {
      const width = Math.max(element.clientWidth, 80);
      if (chart.current && chart.current.width !== width) chart.current.setSize({ width, height });
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
  }, [chosen, share, days]);

  useLayoutEffect(() => chart.current?.setData(data), [data]);

  return html`<div class="chart" ref=${host} style=${{ height: `${height}px` }} aria-hidden="true"></div>`;
}

/**
 * @param {HTMLElement} host
 * @param {{lines: readonly Line[], height: number, share: string, days: boolean}} shape
 * @param {{current: {marks: readonly number[], onPoint?: ((index: number | null) => void) | undefined}}} now
 * @returns {import("uplot").Options}
 */
function options(host, { lines, height, share, days }, now) {
  const style = getComputedStyle(host);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--chart-text"),
    grid: { stroke: colour("--chart-grid"), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
    gap: 4,
  };
  return {
    width: Math.max(host.clientWidth, 80),
    height,
    padding: [6, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 }, drag: { x: false, y: false }, sync: { key: share } },
    scales: {
      // Days are counted as numbers: times would stand at the midnights of the reader.
      x: days ? { time: false, range: ({ data }) => daySpan(data[0]) } : { time: true },
      y: { range: (_u, _low, high) => [0, Math.max((high ?? 0) * 1.08, 4)] },
    },
    axes: [
      {
        ...axis,
        size: 20,
        grid: { show: false },
        space: 64,
        values: (_u, ticks) => (days ? dates(ticks) : clocks(ticks)),
        ...(days && { incrs: DAY_STEPS }),
      },
      { ...axis, size: 40, space: 22, incrs: WHOLE_STEPS, values: (_u, ticks) => ticks.map(short) },
    ],
    series: [
      {},
      ...lines.map(({ colour: name, width = 1.5, dash, bars }) => ({
        scale: "y",
        stroke: colour(name),
        width,
        points: { show: false },
        ...(dash && { dash }),
        ...(bars && {
          paths: /** @type {any} */ (UPlot.paths).bars({ size: [0.6, 28] }),
          fill: colour(name),
          width: 0,
        }),
      })),
    ],
    hooks: {
      setCursor: [(u) => now.current.onPoint?.(u.cursor.idx ?? null)],
      draw: [
        ({ ctx, bbox, valToPos, scales }) => {
          ctx.save();
          ctx.strokeStyle = colour("--chart-power");
          ctx.setLineDash([2, 3]);
          for (const at of now.current.marks) {
            if (at < (scales.x?.min ?? 0) || at > (scales.x?.max ?? 0)) continue;
            const x = Math.round(valToPos(at, "x", true)) + 0.5;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
          ctx.restore();
        },
      ],
    },
  };
}

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

/** Days of the month. @param {number[]} ticks unix seconds */
const dates = (ticks) =>
  ticks.map((t) =>
    new Date(t * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
  );
