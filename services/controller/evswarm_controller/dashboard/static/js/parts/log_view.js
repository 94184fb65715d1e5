/** The log of a station: newest entry first, fetched once, kept after; older ones from the history. */

import { html, useEffect } from "../../vendor/runtime.js";
import { count, counted, span } from "../format.js";
import { hello, second } from "../model.js";
import { actionsIn, EVERYTHING, exportQuery, matches, merged } from "../state/log_entries.js";
import { filterLog, follow, followed, loadLog, loadOlder, logOf } from "../state/logs.js";
import { stationPath } from "../state/route.js";
import { Icon } from "./icon.js";
import { LogEntries } from "./log_entries.js";

/** @type {readonly {show: import("../state/log_entries.js").Show, label: string, title: string}[]} */
const CHIPS = [
  { show: "all", label: "All", title: "Lines and calls" },
  { show: "lines", label: "Lines", title: "What the station wrote" },
  { show: "from_station", label: "From station", title: "Calls of the station, with their answers" },
  { show: "to_station", label: "To station", title: "Calls of the central system, with their answers" },
  { show: "problems", label: "Problems", title: "Warnings and errors" },
];

/**
 * @param {object} props
 * @param {string} props.id
 * @param {import("../../vendor/runtime.js").ComponentChildren} [props.closing] a button at the end of its head
 * @param {import("../../vendor/runtime.js").ComponentChildren} [props.children] what stands between head and entries
 */
export function LogView({ id, closing, children }) {
  useEffect(() => loadLog(id), [id]);
  const { log, problem, fetching, filter } = logOf(id);
  const all = log ? merged(log.entries, log.older?.shown() ?? []) : [];
  const shown = all.filter((entry) => matches(entry, filter));
  return html`
    <section class="log" aria-label=${`Log of ${id}`}>
      <${Head} id=${id} log=${log} fetching=${fetching} total=${all.length} shown=${shown.length}>${closing}<//>
      ${children}
      ${log && html`<${Filters} id=${id} log=${log} filter=${filter} entries=${all} />`}
      ${
        problem &&
        html`
          <p class="problem" role="alert">
            ${problem}.
            <button
              type="button"
              class="small"
              onClick=${() => (log ? loadOlder(id) : loadLog(id, { again: true }))}
            >Try again</button>
          </p>`
      }
      ${!log && !problem && html`<p class="muted" role="status">Loading…</p>`}
      ${
        log &&
        html`
        <${LogEntries} id=${id} entries=${shown}>
          ${shown.length === 0 && html`<${NoEntries} id=${id} filtered=${all.length > 0} />`}
          <${Older} id=${id} log=${log} fetching=${fetching} />
        <//>`
      }
    </section>
  `;
}

/** @param {{id: string, filtered: boolean}} props */
const NoEntries = ({ id, filtered }) => html`
  <li class="quiet-entry">
    ${filtered ? "Nothing here matches. " : "Nothing logged yet."}
    ${filtered && html`<button type="button" class="small" onClick=${() => filterLog(id, EVERYTHING)}>Show all</button>`}
  </li>`;

/** @param {{id: string, log: ReturnType<typeof logOf>["log"], fetching: boolean, total: number, shown: number,
 *   children?: import("../../vendor/runtime.js").ComponentChildren}} props */
function Head({ id, log, fetching, total, shown, children }) {
  const live = followed.value.has(id);
  const size = shown === total ? counted(total, "entry", "entries") : `${count(shown)} of ${count(total)}`;
  const age = log && !live ? `${span(second.value - log.at)} old` : "live";
  return html`
    <div class="log-head">
      <h3><a href=${stationPath(id)}>${id}</a></h3>
      ${log && html`<span class="muted">${size}, ${age}</span>`}
      <span class="grow"></span>
      <label class="switch"><input
        type="checkbox"
        checked=${live}
        onChange=${(/** @type {any} */ e) => follow(id, e.target.checked)}
      /><span>Live</span></label>
      <button
        type="button"
        class="small"
        disabled=${fetching || live}
        onClick=${() => loadLog(id, { again: true })}
      ><${Icon} name="refresh" />Refresh</button>
      ${children}
    </div>
  `;
}

/**
 * @param {object} props
 * @param {string} props.id
 * @param {NonNullable<ReturnType<typeof logOf>["log"]>} props.log
 * @param {import("../state/log_entries.js").LogFilter} props.filter
 * @param {import("../state/log_entries.js").Entry[]} props.entries
 */
function Filters({ id, log, filter, entries }) {
  const actions = actionsIn(entries);
  if (filter.action && !actions.includes(filter.action)) actions.push(filter.action);
  const query = exportQuery(filter);
  return html`
    <div class="log-filters">
      <div class="log-chips" role="group" aria-label=${`Show of the log of ${id}`}>
        ${CHIPS.map(
          ({ show, label, title }) => html`
            <button
              type="button"
              class="small"
              key=${show}
              title=${title}
              aria-pressed=${filter.show === show}
              onClick=${() => filterLog(id, { show })}
            >${label}</button>`,
        )}
      </div>
      ${
        actions.length > 0 &&
        html`
        <select
          class=${`small${filter.action ? " chosen" : ""}`}
          aria-label=${`Action in the log of ${id}`}
          value=${filter.action}
          onChange=${(/** @type {any} */ e) => filterLog(id, { action: e.target.value })}
        >
          <option value="">Any action</option>
          ${actions.map((action) => html`<option key=${action} value=${action}>${action}</option>`)}
        </select>`
      }
      <input
        class="small"
        type="text"
        placeholder="Text"
        autocomplete="off"
        spellcheck="false"
        maxlength="200"
        aria-label=${`Text in the log of ${id}`}
        value=${filter.text}
        onInput=${(/** @type {any} */ e) => filterLog(id, { text: e.target.value })}
      />
      ${log.messages === "off" && html`<span class="muted">No calls: the history is off.</span>`}
      ${log.messages === "away" && html`<span class="muted">No calls: the history does not answer.</span>`}
      <span class="grow"></span>
      <span class="muted exports">Export
        ${["csv", "json", "jsonl"].map(
          (form) => html` <a
            key=${form}
            href=${`/stations/${encodeURIComponent(id)}/logs?format=${form}${query && `&${query}`}`}
            download
            aria-label=${`Export the log of ${id} as ${form.toUpperCase()}`}
          >${form.toUpperCase()}</a>`,
        )}
      </span>
    </div>
  `;
}

/** @param {{id: string, log: NonNullable<ReturnType<typeof logOf>["log"]>, fetching: boolean}} props */
function Older({ id, log, fetching }) {
  if (hello.value?.history === false) return null;
  if (log.older?.ended) return html`<li class="quiet-entry">This is all there is.</li>`;
  return html`
    <li class="quiet-entry">
      <button
        type="button"
        class="small"
        disabled=${fetching}
        onClick=${() => loadOlder(id)}
      >${fetching ? "Loading…" : "Older"}</button>
    </li>`;
}
