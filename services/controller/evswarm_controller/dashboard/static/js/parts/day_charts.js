/** Sessions, energy and earnings of each day, from the history. */

import { html, signal, useEffect } from "../../vendor/runtime.js";
import { fetchHistory } from "../api.js";
import { amount, count, counted } from "../format.js";
import { currency, second } from "../model.js";
import { daySeries, SHOWN_DAYS, sinceDay } from "../state/day_sums.js";
import { Chart } from "./chart.js";

const AGAIN_MS = 60_000;

/** What is known: kept while the page is open, so that the switch answers at once. */
const known = signal(/** @type {import("../state/day_sums.js").DaySeries | null} */ (null));
const problem = signal("");
const pointed = signal(/** @type {number | null} */ (null));

async function load() {
  try {
    const { items } = await fetchHistory("days", { since: sinceDay(second.peek()) });
    known.value = daySeries(items);
    problem.value = "";
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

export function DayCharts() {
  useEffect(() => {
    void load();
    const timer = setInterval(load, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  if (problem.value) {
    return html`
      <p class="problem" role="alert">
        ${problem.value}. <button type="button" class="small" onClick=${load}>Try again</button>
      </p>`;
  }
  const days = known.value;
  if (!days) return html`<p class="muted" role="status">Loading…</p>`;
  if (days.times.length === 0)
    return html`<p class="muted">No session has ended in the last ${counted(SHOWN_DAYS, "day")}.</p>`;
  /** @type {[string, number[], string, (value: number) => string][]} */
  const charts = [
    ["Sessions", days.sessions, "--chart-running", count],
    [
      "Energy, kWh",
      days.energyKwh,
      "--chart-power",
      (value) => (value < 10 ? value.toFixed(2) : count(value)),
    ],
    ["Earnings", days.earnings, "--chart-charging", (value) => amount(value, currency.value)],
  ];
  const at = pointed.value ?? days.times.length - 1;
  const day = new Date((days.times[at] ?? 0) * 1000).toISOString().slice(0, 10);
  return html`
    <div class="charts three">
      ${charts.map(
        ([title, values, colour, figure]) => html`
          <figure key=${title} class="time-chart">
            <figcaption>
              <b>${title}</b>
              <span class="chart-key" style=${{ "--key": `var(${colour})` }}>
                <i></i>${figure(values[at] ?? 0)} <span class="muted">on ${day}</span>
              </span>
            </figcaption>
            <${Chart}
              data=${[days.times, values]}
              lines=${[{ colour, bars: true }]}
              share="days"
              days
              onPoint=${(/** @type {number | null} */ index) => {
                pointed.value = index;
              }}
            />
          </figure>`,
      )}
    </div>
  `;
}
