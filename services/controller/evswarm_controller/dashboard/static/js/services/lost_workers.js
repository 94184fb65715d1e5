/** Workers that went without a word, and where their stations are now. */

import { html } from "../../vendor/runtime.js";
import { span } from "../format.js";
import { second } from "../model.js";
import { Icon } from "../parts/icon.js";
import { fateWords, unix } from "../state/service_words.js";

/** @param {{lost: readonly import("../state/service_words.js").LostWorker[]}} props */
export function LostWorkers({ lost }) {
  if (lost.length === 0) return null;
  return html`
    <section class="card lost" aria-label="Lost in the last 15 minutes">
      <h2><${Icon} name="alert" />Lost in the last 15 minutes</h2>
      <ul>
        ${lost.map(
          (worker) => html`
            <li key=${`${worker.worker_id} ${worker.lease_epoch}`}>
              <b>${worker.worker_id}</b> on ${worker.host || "an unknown host"} was last heard
              ${" "}${span(second.value - unix(worker.last_seen_at))} ago.
              ${" "}<span class=${worker.waiting > 0 ? "bad" : "muted"}>${fateWords(worker)}.</span>
            </li>`,
        )}
      </ul>
    </section>
  `;
}
