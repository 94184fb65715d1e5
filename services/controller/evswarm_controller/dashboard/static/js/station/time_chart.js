/** A chart over time. What stands under the pointer is told in words beside its name. */

import { html, UPlot, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/runtime.js";
import { DAY_STEPS } from "../state/day_sums.js";
import { theme } from "../theme.js";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} colour a custom property registered as a colour
 * @property {"left" | "right"} side
 * @property {(value: number) => string} words the value with its unit
 * @property {boolean} [steps] holds until the next value
 * @property {boolean} [bars]
 * @property {boolean} [fill]
 * @property {boolean} [dashed]
 */

const HEIGHT = 170;
const LEAST_WIDTH = 120;

/**
 * @param {object} props
 * @param {string} props.label
 * @param {readonly Line[]} props.lines
 * @param {any[]} props.columns the times, then one column a line
 * @param {[number, number]} [props.span] the times from and to; without it those of the values
 * @param {number} [props.height]
 * @param {boolean} [props.days] the times are days
 * @param {boolean} [props.ahead] the times are still to come: the first is the present
 */
export function TimeChart({ label, lines, columns, span, height = HEIGHT, days = false, ahead = false }) {
  const host = useRef(/** @type {HTMLDivElement | null} */ (null));
  const chart = useRef(/** @type {import("uplot") | null} */ (null));
  const [pointed, setPointed] = useState(/** @type {number | null} */ (null));
  const shown = useRef({ columns, span });
  shown.current = { columns, span };
  const chosen = theme.value;
  const kind = lines.map((line) => line.label).join();

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const width = () => Math.max(element.clientWidth, LEAST_WIDTH);
    const make = () => {
      chart.current?.destroy();
      chart.current = new UPlot(
        options(element, {
          lines,
          width: width(),
          height,
          days,
          range: () => shown.current.span,
          point: setPointed,
        }),
        /** @type {any} */ (shown.current.columns),
        element,
      );
    };
    const resized = new ResizeObserver(() => {
      if (chart.current && chart.current.width !== width()) chart.current.setSize({ width: width(), height });
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
  }, [chosen, kind, height, days]);

  useLayoutEffect(
    () => chart.current?.setData(/** @type {any} */ (columns)),
    [columns, span?.[0], span?.[1]],
  );

  return html`
    <figure class="time-chart">
      <figcaption>
        <span class="chart-name">${label}</span>
        <${Key} lines=${lines} columns=${columns} at=${pointed ?? (ahead ? 0 : columns[0].length - 1)} days=${days} />
      </figcaption>
      <div class="plot" ref=${host} aria-hidden="true"></div>
    </figure>
  `;
}

/** @param {{lines: readonly Line[], columns: any[], at: number, days: boolean}} props `at`: position of the values that are told */
function Key({ lines, columns, at, days }) {
  const time = columns[0][at];
  return html`
    <span class="line-keys">
      ${time !== undefined && html`<time class="muted">${days ? dayOf(time) : clock(time)}</time>`}
      ${lines.map((line, i) => {
        const value = columns[i + 1]?.[at];
        return html`
          <span key=${line.label}>
            <i class=${`${line.colour.slice(2)}${line.dashed ? " dashed" : ""}`}></i>
            ${line.label} <b>${typeof value === "number" ? line.words(value) : "–"}</b>
          </span>`;
      })}
    </span>
  `;
}

/**
 * @param {HTMLElement} host
 * @param {{lines: readonly Line[], width: number, height: number, days: boolean,
 *   range: () => [number, number] | undefined, point: (index: number | null) => void}} wanted
 * @returns {import("uplot").Options}
 */
function options(host, { lines, width, height, days, range, point }) {
  const style = getComputedStyle(host);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--chart-text"),
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
    size: 44,
    gap: 4,
    space: 26,
  };
  const grid = { stroke: colour("--chart-grid"), width: 1 };
  const right = lines.some(({ side }) => side === "right");
  const paths = UPlot.paths;
  return {
    width,
    height,
    padding: [8, right ? 0 : 12, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: {
        // Days are counted as numbers: times would stand at the midnights of the reader.
        time: !days,
        range: (_u, low, high) => {
          return range() ?? [low, high === low ? low + 1 : high];
        },
      },
      left: { range: fromZero },
      right: { range: [0, 100] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        grid: { show: false },
        space: 70,
        values: (_u, ticks) => ticks.map(days ? dayOf : clockFor(ticks)),
        ...(days && { incrs: DAY_STEPS }),
      },
      { ...axis, scale: "left", grid },
      ...(right ? [{ ...axis, scale: "right", side: /** @type {1} */ (1), grid: { show: false } }] : []),
    ],
    series: [
      {},
      ...lines.map((line) => ({
        scale: line.side,
        stroke: colour(line.colour),
        width: line.bars ? 0 : 1.5,
        points: { show: false },
        ...(line.dashed && { dash: [5, 4] }),
        ...(line.fill && { fill: `color-mix(in srgb, ${colour(line.colour)} 14%, transparent)` }),
        ...(line.bars && { fill: colour(line.colour) }),
        ...(line.steps && paths.stepped && { paths: paths.stepped({ align: 1 }) }),
        ...(line.bars && paths.bars && { paths: paths.bars({ size: [0.7, 40], radius: 0.15 }) }),
      })),
    ],
    hooks: { setCursor: [(u) => point(u.cursor.idx ?? null)] },
  };
}

/** @param {unknown} _u @param {number} _low @param {number} high @returns {[number, number]} */
const fromZero = (_u, _low, high) => [0, Math.max((high || 0) * 1.1, 1)];

/** @param {number} time unix seconds */
const clock = (time) => new Date(time * 1000).toLocaleTimeString("en-GB");

/** @param {number} time a day's midnight in UTC */
const dayOf = (time) =>
  new Date(time * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** With seconds only where ticks stand closer than a minute. @param {number[]} ticks @returns {(time: number) => string} */
function clockFor(ticks) {
  const close = ticks.length > 1 && (ticks[1] ?? 0) - (ticks[0] ?? 0) < 60;
  return (time) => clock(time).slice(0, close ? 8 : 5);
}
