/** The sessions of one station as the history has them: sums a day, and one by one. */

import { html, useEffect, useMemo, useState } from "../../vendor/runtime.js";
import { call } from "../api.js";
import { amount, span } from "../format.js";
import { currency, pausedAt } from "../model.js";
import { daySeries, daySpan, sinceDay } from "../state/day_sums.js";
import { TimeChart } from "./time_chart.js";

/**
 * @typedef {object} Session an item of `GET /history/transactions`
 * @property {string} id
 * @property {number} connector_id
 * @property {number | null} transaction_id
 * @property {string} id_tag
 * @property {string} started_at
 * @property {string | null} station_stopped_at
 * @property {string | null} csms_stopped_at
 * @property {number} meter_start
 * @property {number | null} station_meter_stop
 * @property {number | null} csms_meter_stop
 * @property {string | null} station_reason
 * @property {string | null} csms_reason
 * @property {number | null} energy_kwh
 * @property {number | null} earnings
 */

const PAGE = 25;
const BEGAN = /** @type {const} */ ({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
/** The history is a moment behind, and sessions go on: what is shown is asked for again. */
const AGAIN_MS = 5000;

/** @param {{id: string, now: number}} props `now`: unix seconds */
export function Sessions({ id, now }) {
  const [since] = useState(() => sinceDay(now));
  const [round, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && pausedAt.peek() === 0) setRound((before) => before + 1);
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return html`
    <${Days} id=${id} since=${since} round=${round} />
    <${List} id=${id} round=${round} />
  `;
}

/** @param {{id: string, since: number, round: number}} props */
function Days({ id, since, round }) {
  const [items, setItems] = useState(/** @type {import("../state/day_sums.js").DaySum[] | null} */ (null));
  const [problem, setProblem] = useState("");
  useEffect(() => {
    call(`/history/days?${new URLSearchParams({ station: id, since: String(since) })}`)
      .then((answer) => {
        setItems(answer.items);
        setProblem("");
      })
      .catch((error) => setProblem(error.message));
  }, [id, since, round]);
  const series = useMemo(() => daySeries(items ?? []), [items]);
  const span = useMemo(() => daySpan(series.times), [series]);
  const money = currency.value;
  /** @type {[string, import("./time_chart.js").Line, number[]][]} */
  const charts = [
    ["Sessions", bars("sessions", "--chart-running", (v) => String(v)), series.sessions],
    ["Energy", bars("energy", "--chart-charging", (v) => `${v.toFixed(1)} kWh`), series.energyKwh],
    ["Earnings", bars("earnings", "--chart-power", (v) => amount(v, money)), series.earnings],
  ];
  return html`
    <section class="card panel" aria-label="Sessions each day">
      <h2>Each day</h2>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${!problem && items === null && html`<p class="muted" role="status">Loading…</p>`}
      ${items?.length === 0 && html`<p class="muted">No session has been recorded yet.</p>`}
      ${
        items !== null &&
        items.length > 0 &&
        html`
        <div class="day-charts">
          ${charts.map(
            ([label, line, column]) => html`
              <${TimeChart} key=${label} label=${label} lines=${[line]} columns=${[series.times, column]} span=${span} height=${130} days />`,
          )}
        </div>
        <${DayTable} series=${series} money=${money} />`
      }
    </section>
  `;
}

/** The charts for who cannot see them. @param {{series: import("../state/day_sums.js").DaySeries, money: string}} props */
const DayTable = ({ series, money }) => html`
  <table class="unseen">
    <caption>Sessions, energy and earnings a day</caption>
    <thead><tr><th scope="col">Day</th><th scope="col">Sessions</th><th scope="col">Energy</th><th scope="col">Earnings</th></tr></thead>
    <tbody>
      ${series.times.map(
        (time, i) => html`
          <tr key=${time}>
            <th scope="row">${new Date(time * 1000).toISOString().slice(0, 10)}</th>
            <td>${series.sessions[i]}</td>
            <td>${series.energyKwh[i]?.toFixed(1)} kWh</td>
            <td>${amount(series.earnings[i] ?? 0, money)}</td>
          </tr>`,
      )}
    </tbody>
  </table>
`;

/** @param {string} label @param {string} colour @param {(value: number) => string} words @returns {import("./time_chart.js").Line} */
const bars = (label, colour, words) => ({ label, colour, words, side: "left", bars: true });

/** @param {{id: string, round: number}} props */
function List({ id, round }) {
  const [sessions, setSessions] = useState(/** @type {Session[] | null} */ (null));
  /** Where the older ones begin; undefined before the first page, null when there are none. */
  const [cursor, setCursor] = useState(/** @type {string | null | undefined} */ (undefined));
  const [problem, setProblem] = useState("");
  const [loading, setLoading] = useState(false);
  /** @param {string} [from] a cursor; without one the newest page */
  const load = async (from) => {
    if (from) setLoading(true);
    const asked = new URLSearchParams({ station: id, limit: String(PAGE), ...(from && { cursor: from }) });
    try {
      const page = await call(`/history/transactions?${asked}`);
      setSessions((before) => joined(before ?? [], page.items));
      setCursor((before) => (from || before === undefined ? page.next_cursor : before));
      setProblem("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setLoading(false);
  };
  useEffect(() => void load(), [id, round]);
  const form = (/** @type {string} */ name) =>
    `/history/transactions?${new URLSearchParams({ station: id, format: name })}`;
  return html`
    <section class="card panel" aria-label="Sessions">
      <div class="panel-head">
        <h2>Sessions</h2>
        <span class="grow"></span>
        <span class="muted">Export <a href=${form("csv")} download>CSV</a> <a href=${form("json")} download>JSON</a></span>
      </div>
      ${problem && html`<p class="problem" role="alert">${problem} <button type="button" class="small" onClick=${() => load(cursor ?? undefined)}>Try again</button></p>`}
      ${sessions?.length === 0 && html`<p class="muted">No session has been recorded yet.</p>`}
      ${
        sessions &&
        sessions.length > 0 &&
        html`
        <table class="sessions" aria-label="Sessions, newest first">
          <thead>
            <tr>
              <th scope="col">Began</th>
              <th scope="col">Lasted</th>
              <th scope="col" class="wide-only">Connector</th>
              <th scope="col" class="wide-only">Transaction</th>
              <th scope="col" class="wide-only">Tag</th>
              <th scope="col" class="number">Energy</th>
              <th scope="col" class="number">Earned</th>
              <th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>${sessions.map((session) => html`<${Session} key=${session.id} session=${session} />`)}</tbody>
        </table>`
      }
      ${cursor && html`<button type="button" class="small" disabled=${loading} onClick=${() => load(cursor)}>${loading ? "Looking…" : "Older"}</button>`}
    </section>
  `;
}

/** @param {{session: Session}} props */
function Session({ session }) {
  const stopped = session.station_stopped_at ?? session.csms_stopped_at;
  const meterStop = session.station_meter_stop ?? session.csms_meter_stop;
  const energy = session.energy_kwh ?? (meterStop === null ? null : (meterStop - session.meter_start) / 1000);
  const disputed =
    session.station_meter_stop !== null &&
    session.csms_meter_stop !== null &&
    session.station_meter_stop !== session.csms_meter_stop;
  return html`
    <tr>
      <td title=${session.started_at}>${new Date(session.started_at).toLocaleString("en-GB", BEGAN)}</td>
      <td>${stopped ? span((Date.parse(stopped) - Date.parse(session.started_at)) / 1000) : "–"}</td>
      <td class="wide-only">${session.connector_id}</td>
      <td class="wide-only">${session.transaction_id ?? "–"}</td>
      <td class="wide-only">${session.id_tag}</td>
      <td class="number">${energy === null ? "–" : `${energy.toFixed(2)} kWh`}${disputed && html` <span class="bad">disputed</span>`}</td>
      <td class="number">${session.earnings === null ? "–" : amount(session.earnings, currency.value)}</td>
      <td>${stopped ? (session.station_reason ?? session.csms_reason ?? "ended") : html`<span class="verdict good">open</span>`}</td>
    </tr>
  `;
}

/**
 * Sessions with those that were fetched in their newest form, newest first.
 *
 * @param {readonly Session[]} known
 * @param {readonly Session[]} fetched
 */
function joined(known, fetched) {
  const all = new Map([...known, ...fetched].map((session) => [session.id, session]));
  return [...all.values()].sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}
