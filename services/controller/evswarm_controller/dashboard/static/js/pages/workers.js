/** Who carries the swarm: the workers, those that were lost, and the services around them. */

import { html, useEffect } from "../../vendor/runtime.js";
import { count, counted, span } from "../format.js";
import { reachable, second } from "../model.js";
import { LostWorkers } from "../services/lost_workers.js";
import { ServiceCards } from "../services/service_cards.js";
import { WorkerTable } from "../services/worker_table.js";
import { sums } from "../state/service_words.js";
import { presence, watchServices } from "../state/services.js";

export function WorkersPage() {
  useEffect(watchServices, []);
  const { workers, services, at, problem } = presence.value;
  const age = second.value - at;
  return html`
    <div class="page-head">
      <h1 tabindex="-1">Workers</h1>
      ${workers && html`<p class="muted">${summary(workers)}</p>`}
    </div>
    ${
      problem &&
      reachable.value &&
      html`
        <p class="problem" role="alert">
          ${problem}.${workers && ` What you see is ${span(age)} old.`}
        </p>`
    }
    ${!workers && !problem && html`<div class="skeleton" role="status" aria-label="Loading workers">${[1, 2, 3].map((i) => html`<i key=${i}></i>`)}</div>`}
    ${services && html`<${LostWorkers} lost=${services.lost_workers} />`}
    ${workers && html`<${WorkerTable} workers=${workers} />`}
    ${services && html`<${ServiceCards} services=${services} />`}
  `;
}

/** @param {readonly import("../state/service_words.js").Worker[]} workers */
function summary(workers) {
  const { assigned, running, capacity } = sums(workers);
  const room = capacity === null ? "" : `, room for ${count(Math.max(0, capacity - assigned))} more`;
  return `${counted(workers.length, "worker")}: ${count(running)} of ${counted(assigned, "station")} running${room}`;
}
