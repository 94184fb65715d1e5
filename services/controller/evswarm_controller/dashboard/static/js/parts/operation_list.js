/** Operations on many stations: how far each is, and what became of it, station by station. */

import { html, useEffect, useState } from "../../vendor/runtime.js";
import { fetchResults } from "../api.js";
import { count, span } from "../format.js";
import { reachable } from "../model.js";
import { outcome } from "../state/operations.js";
import { secondsLeft } from "../state/scale_plan.js";
import { cancel, dismissOperation, retry, shownOperations } from "../state/ticked.js";
import { Icon } from "./icon.js";
import { Modal } from "./modal.js";

/** @typedef {import("../protocol.js").OpFrame} OpFrame */

/** "clear_fault" as a person says it. @param {string} action */
const spoken = (action) => {
  const words = action.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export function OperationList() {
  const [looking, setLooking] = useState(/** @type {OpFrame | null} */ (null));
  const operations = shownOperations.value;
  if (operations.length === 0 && !looking) return null;
  return html`
    <section class="operations" aria-label="Operations">
      ${operations.map((op) => html`<${Operation} key=${op.id} op=${op} onLook=${() => setLooking(op)} />`)}
      <${Modal}
        open=${looking !== null}
        title=${looking ? `${spoken(looking.action ?? looking.kind)}: station by station` : ""}
        onClose=${() => setLooking(null)}
      >
        ${looking && html`<${Results} id=${looking.id} failedOnly=${looking.failed > 0} />`}
      <//>
    </section>
  `;
}

/** @param {{op: OpFrame, onLook: () => void}} props */
function Operation({ op, onLook }) {
  const runs = op.state === "running";
  const left = runs ? secondsLeft(op) : null;
  const bad = op.state === "failed" || op.failed > 0;
  // Whom a cancelled operation left alone, a retry takes along.
  const rest = runs ? 0 : op.state === "cancelled" ? op.total - op.done : op.failed;
  return html`
    <div class=${`card operation${bad ? " failed" : ""}`} role=${bad && !runs ? "alert" : "status"}>
      <b>${spoken(op.action ?? op.kind)}</b>
      <progress
        max=${Math.max(op.total, 1)}
        value=${op.done + op.failed}
        aria-label=${`${spoken(op.action ?? op.kind)} of ${count(op.total)} stations`}
      ></progress>
      <span>${outcome(op)}${left !== null && left >= 1 && `, ${span(left)} left`}</span>
      ${op.message && html`<span class="muted operation-message">${op.message}</span>`}
      <span class="grow"></span>
      <button type="button" class="small" onClick=${onLook}>Results</button>
      ${
        runs &&
        html`<button
          type="button"
          class="small"
          disabled=${!reachable.value || op.cancelling}
          onClick=${() => cancel(op.id)}
        >${op.cancelling ? "Cancelling…" : "Cancel"}</button>`
      }
      ${
        rest > 0 &&
        html`<button
          type="button"
          class="small"
          disabled=${!reachable.value}
          onClick=${() => retry(op.id)}
        >Retry ${count(rest)}</button>`
      }
      ${
        !runs &&
        html`<button
          type="button"
          class="bare"
          aria-label="Dismiss"
          onClick=${() => dismissOperation(op.id)}
        ><${Icon} name="close" /></button>`
      }
    </div>
  `;
}

/** @param {{id: string, failedOnly: boolean}} props */
function Results({ id, failedOnly }) {
  const [failed, setFailed] = useState(failedOnly);
  const [items, setItems] = useState(
    /** @type {{station_id: string, outcome: string, reason: string}[]} */ ([]),
  );
  const [cursor, setCursor] = useState(/** @type {string | null} */ (""));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(true);

  /** @param {string | null} from where to go on @param {{station_id: string, outcome: string, reason: string}[]} before */
  const load = async (from, before) => {
    setBusy(true);
    setProblem("");
    try {
      const page = await fetchResults(id, { cursor: from, ...(failed && { outcome: "failed" }) });
      setItems([...before, ...page.items]);
      setCursor(page.next_cursor);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  useEffect(() => void load("", []), [id, failed]);

  return html`
    <label class="switch"><input
      type="checkbox"
      checked=${failed}
      onChange=${(/** @type {any} */ e) => setFailed(e.target.checked)}
    /><span>Only what failed</span></label>
    <div class="results" tabindex="0" role="region" aria-label="Result of each station">
      <ul>
        ${items.map(
          ({ station_id, outcome: became, reason }) => html`
            <li key=${station_id}><b>${station_id}</b><span class=${`became ${became}`}>${became}</span><span>${reason}</span></li>`,
        )}
      </ul>
      ${items.length === 0 && !busy && !problem && html`<p class="muted">None.</p>`}
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      ${
        cursor &&
        items.length > 0 &&
        html`<button type="button" class="small" disabled=${busy} onClick=${() => load(cursor, items)}>More</button>`
      }
    </div>
  `;
}
