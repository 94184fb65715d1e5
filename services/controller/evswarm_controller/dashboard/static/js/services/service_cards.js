/** The services around the workers, a card each: controllers, central system, store, historian. */

import { html } from "../../vendor/runtime.js";
import { count, counted, span } from "../format.js";
import { second } from "../model.js";
import * as words from "../state/service_words.js";
import { Verdict } from "./worker_table.js";

/**
 * @typedef {import("../state/service_words.js").Services} Services
 * @typedef {import("../state/service_words.js").Process} Process
 */

/** @param {{services: Services}} props */
export const ServiceCards = ({ services }) => html`
  <div class="service-cards">
    <${Processes}
      title="Controllers"
      none="None says that it is there."
      processes=${services.controllers.map((each) => ({
        ...each,
        id: each.controller_id,
        notes: [
          each.leads ? "leads" : "stands by",
          counted(each.dashboards, "dashboard"),
          ...(each.answering ? ["answers this page"] : []),
        ],
      }))}
    />
    <${Processes}
      title="Central system"
      none="No replica of our own is alive; stations may be connected to another central system."
      processes=${services.csms.map((each) => ({
        ...each,
        id: each.replica_id,
        notes: [`${counted(each.stations_connected, "station")} connected`],
      }))}
    />
    <${Store} store=${services.store} />
    <${Historian} historian=${services.historian} />
  </div>
`;

/** @param {{title: string, none: string, processes: (Process & {id: string, notes: string[]})[]}} props */
const Processes = ({ title, none, processes }) => html`
  <section class="card service" aria-label=${title}>
    <h2>${title}${processes.length > 1 && html` <span class="muted">${processes.length}</span>`}</h2>
    ${processes.length === 0 && html`<p class="muted">${none}</p>`}
    ${
      processes.length > 0 &&
      html`
      <ul>
        ${processes.map(
          (each) => html`
            <li key=${each.id}>
              <div class="service-line"><b title=${each.id}>${each.id}</b><${Verdict} ...${words.processCondition(each, second.value)} /></div>
              <p class="muted">
                ${[
                  ...each.notes,
                  `up ${span(second.value - words.unix(each.started_at))}`,
                  `CPU ${words.processor(each.cpu_percent)}`,
                  words.memory(each.memory_bytes),
                ].join(" · ")}
              </p>
            </li>`,
        )}
      </ul>`
    }
  </section>
`;

/** @param {{store: Services["store"]}} props */
const Store = ({ store }) => html`
  <section class="card service" aria-label="Store">
    <h2>Store</h2>
    <div class="service-line">
      <b title=${store.address}>${store.address}</b>
      <${Verdict} tone=${store.available ? "good" : "bad"} words=${store.available ? "Live" : "Does not answer"} />
    </div>
    <p class="muted">${store.available ? `answers in ${words.milliseconds(store.ping_ms)}` : store.problem}</p>
  </section>
`;

/** @param {{historian: Services["historian"]}} props */
function Historian({ historian }) {
  const waiting = Object.values(historian.waiting).reduce((sum, n) => sum + n, 0);
  const written = Object.values(historian.written).reduce((sum, n) => sum + n, 0);
  const note = !historian.enabled
    ? "EVSWARM_HISTORY turns it on."
    : historian.problem || `${counted(written, "row")} written since its start · ${count(waiting)} waiting`;
  return html`
    <section class="card service" aria-label="Historian">
      <h2>Historian</h2>
      <div class="service-line">
        <b title=${historian.address}>${historian.address}</b>
        <${Verdict} ...${words.historianCondition(historian)} />
      </div>
      <p class="muted">${note}</p>
    </section>
  `;
}
