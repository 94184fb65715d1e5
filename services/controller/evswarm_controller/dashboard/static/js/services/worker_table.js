/** The workers that live, one row each; the one that the address names is opened. */

import { html, useEffect, useRef } from "../../vendor/runtime.js";
import { count, span } from "../format.js";
import { hello, second } from "../model.js";
import { Icon } from "../parts/icon.js";
import { search, setSearch } from "../router.js";
import * as words from "../state/service_words.js";
import { fitting } from "../widths.js";

/** @typedef {import("../state/service_words.js").Worker} Worker */

/** @type {readonly {name: string, label: string, number?: boolean, from?: number}[]} */
const COLUMNS = [
  { name: "worker", label: "Worker" },
  { name: "state", label: "State" },
  { name: "host", label: "Host", from: 1280 },
  { name: "stations", label: "Stations", number: true },
  { name: "load", label: "Of capacity", from: 640 },
  { name: "rate", label: "Messages/s", number: true, from: 860 },
  { name: "lag", label: "Loop lag", number: true, from: 1280 },
  { name: "cpu", label: "CPU", number: true, from: 640 },
  { name: "memory", label: "Memory", number: true, from: 860 },
  { name: "epoch", label: "Epoch", number: true, from: 1280 },
  { name: "seen", label: "Last seen", number: true, from: 860 },
];

/** The columns that the page has room for; the opened row has all figures. */
const shown = fitting(COLUMNS);

/** @param {{workers: readonly Worker[]}} props */
export function WorkerTable({ workers }) {
  const chosen = words.workerCalled(workers, new URLSearchParams(search.value).get("worker") ?? "");
  const known = workers.some((worker) => worker.worker_id === chosen);
  if (workers.length === 0) {
    return html`
      <section class="card empty">
        <p>No worker is alive.</p>
        <p class="muted">Stations wait until one comes: <code>evswarm worker</code>, or <code>docker compose up --scale worker=2</code>.</p>
      </section>`;
  }
  return html`
    <section class="card workers" aria-label="Workers that are alive">
      ${chosen && !known && html`<p class="note" role="status">No worker ${chosen} is alive. <button type="button" class="small" onClick=${() => choose("")}>Show all</button></p>`}
      <table>
        <thead>
          <tr>${shown.value.map(({ name, label, number }) => html`<th key=${name} scope="col" class=${`w-${name}${number ? " number" : ""}`}>${label}</th>`)}</tr>
        </thead>
        <tbody>
          ${workers.map((worker) => html`<${Row} key=${worker.worker_id} worker=${worker} open=${worker.worker_id === chosen} />`)}
        </tbody>
      </table>
    </section>
  `;
}

/** @param {string} id "" for none */
const choose = (id) => setSearch(id ? `?worker=${encodeURIComponent(id)}` : "", { replace: true });

/** @param {{worker: Worker, open: boolean}} props */
function Row({ worker, open }) {
  const element = useRef(/** @type {HTMLTableRowElement | null} */ (null));
  useEffect(() => {
    if (open) element.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  const id = worker.worker_id;
  return html`
    <tr ref=${element} class=${open ? "open" : ""} data-worker=${id}>
      ${shown.value.map(
        ({ name, number }) =>
          html`<td key=${name} class=${`w-${name}${number ? " number" : ""}`}>${CELLS[name]?.(worker, open)}</td>`,
      )}
    </tr>
    ${
      open &&
      html`<tr class="worker-detail"><td colspan=${shown.value.length}><${Detail} worker=${worker} /></td></tr>`
    }
  `;
}

/** @type {Record<string, (worker: Worker, open: boolean) => import("../../vendor/runtime.js").ComponentChildren>} */
const CELLS = {
  worker: ({ worker_id }, open) => html`
    <button
      type="button"
      class="unfold"
      aria-expanded=${open}
      onClick=${() => choose(open ? "" : worker_id)}
    ><${Icon} name="chevron" /><b>${worker_id}</b></button>`,
  state: (worker) => html`<${Verdict} ...${words.workerCondition(worker, second.value)} />`,
  host: ({ host }) => html`<span title=${host}>${host}</span>`,
  stations: ({ running, assigned }) =>
    html`${count(running)}<span class="muted"> / ${count(assigned)}</span>`,
  load: (worker) => html`<${Load} worker=${worker} />`,
  rate: ({ messages_per_second: rate }) => (rate === undefined ? "–" : count(rate)),
  lag: ({ loop_lag_ms }) => words.milliseconds(loop_lag_ms),
  cpu: ({ cpu_percent }) => words.processor(cpu_percent),
  memory: ({ memory_bytes }) => words.memory(memory_bytes),
  epoch: ({ lease_epoch }) => count(lease_epoch),
  seen: ({ last_seen_at }) => `${span(second.value - words.unix(last_seen_at))}`,
};

/** @param {import("../state/service_words.js").Condition} props */
export const Verdict = ({ tone, words: text }) => html`<span class=${`verdict ${tone}`}>${text}</span>`;

/** @param {{worker: Worker}} props */
function Load({ worker }) {
  const share = words.load(worker);
  if (share === null) return html`<span class="none">–</span>`;
  const percent = `${Math.round(share * 100)} %`;
  return html`
    <span class="worker-load" title=${`${percent} of ${count(worker.capacity ?? 0)}`}>
      <meter aria-hidden="true" min="0" max="1" value=${share}></meter>
      <span>${percent}</span>
    </span>`;
}

/** @param {{worker: Worker}} props */
function Detail({ worker }) {
  const id = worker.worker_id;
  const grafana = words.workerDashboard(hello.value?.grafana, worker);
  /** @type {[string, string][]} */
  const facts = [
    ["Process", `${worker.pid} on ${worker.host || "an unknown host"}`],
    ["Up for", worker.started_at ? `${span(second.value - words.unix(worker.started_at))}` : "–"],
    ["Stations held", count(worker.stations)],
    ["Stations given", count(worker.assigned)],
    ["Capacity", worker.capacity === null ? "not said" : count(worker.capacity)],
    ["Generation applied", count(worker.applied_generation)],
    ["Lease epoch", count(worker.lease_epoch)],
    ["Messages", worker.messages_per_second === undefined ? "–" : `${count(worker.messages_per_second)}/s`],
    ["Round trip p95", words.milliseconds(worker.round_trip_p95_ms)],
    ["Loop lag", words.milliseconds(worker.loop_lag_ms)],
    ["CPU", words.processor(worker.cpu_percent)],
    ["Memory", words.memory(worker.memory_bytes)],
    ["Metrics", worker.metrics_url ?? "–"],
  ];
  return html`
    <dl class="facts">
      ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    <p class="worker-links">
      <a href=${`/?worker=${encodeURIComponent(id)}`}>Its stations</a>
      <a href=${`/ui/messages?worker=${encodeURIComponent(id)}`}>Its messages</a>
      ${grafana && html`<a href=${grafana} target="_blank" rel="noopener">In Grafana<${Icon} name="external" /></a>`}
    </p>
  `;
}
