/** How far the newest scaling is, with the way to stop it there. */

import { html } from "../../vendor/runtime.js";
import { count, span } from "../format.js";
import { reachable } from "../model.js";
import { secondsLeft } from "../state/scale_plan.js";
import { operation } from "../state/swarm.js";
import { cancel } from "../state/ticked.js";

export function ScaleProgress() {
  const op = operation.value;
  if (!op) return null;
  if (op.state === "failed")
    return html`<span class="progress-note bad">Failed${op.message && `: ${op.message}`}</span>`;
  if (op.state === "cancelled")
    return html`<span class="progress-note">Cancelled after ${count(op.done)} of ${count(op.total)}</span>`;
  if (op.state !== "running") return null;
  const left = secondsLeft(op);
  const stop = () => void cancel(op.id);
  return html`
    <div class="progress">
      <progress max=${Math.max(op.total, 1)} value=${op.done} aria-label="Scaling"></progress>
      <span class="progress-note">
        ${count(op.done)} / ${count(op.total)}${left !== null && left >= 1 && `, ${span(left)} left`}
        ${op.failed > 0 && html`, <b class="bad">${count(op.failed)} failed</b>`}
      </span>
      <button
        type="button"
        class="small"
        title="What runs stays; nothing more comes or goes"
        disabled=${!reachable.value}
        onClick=${stop}
      >Cancel</button>
    </div>
  `;
}
