/** What can be done to the ticked stations: chosen, counted by the server, confirmed, and then an operation. */

import { html, useState } from "../../vendor/runtime.js";
import { count, counted } from "../format.js";
import { reachable } from "../model.js";
import { isNothing } from "../state/selection.js";
import { commandTicked, preview, selection, ticked, untickAll } from "../state/ticked.js";
import { Modal } from "./modal.js";

/**
 * @typedef {{action: string, label: string, says: string, ends: boolean, some?: boolean}} Command
 *   `says`: what happens to each; `ends`: whether it ends open transactions, `some`: not all of them
 */

/** @type {readonly Command[]} */
const COMMANDS = [
  { action: "start", label: "Start", says: "Stopped ones are started; the others go on.", ends: false },
  { action: "stop", label: "Stop", says: "They stop in order and stay stopped until started.", ends: true },
  {
    action: "reconnect",
    label: "Reconnect",
    says: "Each loses its connection and connects anew. Transactions go on.",
    ends: false,
  },
  {
    action: "fault",
    label: "Fault",
    says: "Connector 1 of each reports a fault until it is cleared.",
    ends: true,
    some: true,
  },
  {
    action: "clear_fault",
    label: "Clear fault",
    says: "Faulted connectors are repaired.",
    ends: false,
  },
];

/** @typedef {{command: Command, matches: number, transactions: number}} Asking */

export function BulkBar() {
  const [asking, setAsking] = useState(/** @type {Asking | null} */ (null));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  if (isNothing(selection.value)) return null;

  /** @param {Command} command */
  const ask = async (command) => {
    setBusy(true);
    setProblem("");
    try {
      const { matches, active_transactions } = await preview(command.action);
      if (matches === 0) setProblem("None of these stations is there any more.");
      else setAsking({ command, matches, transactions: active_transactions });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };

  const send = async () => {
    if (!asking) return;
    setAsking(null);
    setBusy(true);
    const failure = await commandTicked(asking.command.action);
    setBusy(false);
    setProblem(failure);
    if (!failure) untickAll();
  };

  const across = selection.value.filter ? " that match" : "";
  return html`
    <div class="bulk" role="group" aria-label="Ticked stations">
      <b>${counted(ticked.value, "station")}</b><span>${across} ticked</span>
      ${COMMANDS.map(
        (command) => html`
          <button
            type="button"
            class="small"
            key=${command.action}
            disabled=${busy || !reachable.value}
            onClick=${() => ask(command)}
          >${command.label}…</button>`,
      )}
      <button type="button" class="small" onClick=${untickAll}>Untick all</button>
      ${problem && html`<span class="problem" role="alert">${problem}</span>`}
      <${Modal}
        open=${asking !== null}
        title=${asking ? `${asking.command.label} ${counted(asking.matches, "station")}?` : ""}
        onClose=${() => setAsking(null)}
      >
        ${
          asking &&
          html`
          ${
            asking.command.ends &&
            asking.transactions > 0 &&
            html`<p><strong>${asking.command.some && "Up to "}${counted(asking.transactions, "active transaction")} will stop.</strong></p>`
          }
          <p class="muted">${asking.command.says}</p>
          <div class="dialog-actions">
            <button type="button" onClick=${() => setAsking(null)}>Cancel</button>
            <button
              type="button"
              class=${asking.command.ends ? "danger" : "primary"}
              onClick=${send}
            >${asking.command.label} ${count(asking.matches)}</button>
          </div>`
        }
      <//>
    </div>
  `;
}
