/** The entries of a log as a list that keys walk: a line says what it says, a call opens to its two messages. */

import { html, useState } from "../../vendor/runtime.js";

/**
 * @typedef {import("../state/log_entries.js").Entry} Entry
 * @typedef {import("../state/log_entries.js").Call} Call
 */

/**
 * @param {object} props
 * @param {string} props.id of the station
 * @param {readonly Entry[]} props.entries newest first
 * @param {import("../../vendor/runtime.js").ComponentChildren} [props.children] what follows in the list
 */
export function LogEntries({ id, entries, children }) {
  const [open, setOpen] = useState("");
  const [current, setCurrent] = useState("");
  const calls = entries.filter(({ call }) => call);
  // One stop for Tab; arrows go from call to call.
  const stop = calls.some(({ key }) => key === current) ? current : calls[0]?.key;
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (!step || !(event.target instanceof HTMLElement)) return;
    const all = /** @type {HTMLElement[]} */ ([
      .../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button"),
    ]);
    all[all.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  };
  return html`
    <ol class="lines" tabindex="0" aria-label=${`Log of ${id}, newest first`} onKeyDown=${onKey}>
      ${entries.map((entry) => {
        const { key, time, level, text, call } = entry;
        if (!call)
          return html`
          <li key=${key} class=${level}><time>${time}</time><span>${text}</span></li>`;
        const opened = open === key;
        return html`
          <li key=${key} class=${level}>
            <button
              type="button"
              class="call"
              tabindex=${key === stop ? 0 : -1}
              aria-expanded=${opened}
              onFocus=${() => setCurrent(key)}
              onClick=${() => setOpen(opened ? "" : key)}
            ><time>${time}</time><${CallLine} call=${call} /></button>
            ${opened && html`<${Messages} call=${call} />`}
          </li>`;
      })}
      ${children}
    </ol>
  `;
}

/** @param {{call: Call}} props */
function CallLine({ call }) {
  const from = call.direction === "from_station";
  return html`
    <span class="unseen">${from ? "From station" : "To station"}</span>
    <i class="arrow-way" aria-hidden="true">${from ? "→" : "←"}</i>
    <b>${call.action || "?"}</b>
    <i class="arrow-way" aria-hidden="true">${call.outcome === "answered" || call.outcome === "error" ? (from ? "←" : "→") : ""}</i>
    <span class=${`outcome ${call.outcome}`}>${answerOf(call)}</span>
    ${call.roundTripMs !== null && html`<span class="muted">${milliseconds(call.roundTripMs)}</span>`}
  `;
}

/** The answer in a word or two. @param {Call} call */
function answerOf({ outcome, errorCode, response }) {
  if (outcome === "error") return errorCode || "CALLERROR";
  if (outcome !== "answered") return outcome;
  const fields = /** @type {any} */ (response) ?? {};
  return fields.status ?? fields.idTagInfo?.status ?? "answered";
}

/** @param {number} ms */
const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** Both messages of a call, the answer under what it answers. @param {{call: Call}} props */
function Messages({ call }) {
  const from = call.direction === "from_station";
  const answered = call.outcome === "answered" || call.outcome === "error";
  const kind = call.outcome === "error" ? "CALLERROR" : "CALLRESULT";
  return html`
    <div class="messages">
      <div>
        <p class="muted">CALL ${call.uniqueId} ${from ? "from the station" : "to the station"}</p>
        <pre tabindex="0">${pretty(call.request)}</pre>
      </div>
      ${
        answered
          ? html`
          <div>
            <p class="muted">${kind} to it${call.roundTripMs !== null && `, ${milliseconds(call.roundTripMs)} later`}</p>
            <pre tabindex="0">${pretty(call.response)}</pre>
          </div>`
          : html`<p class="muted">There was no answer.</p>`
      }
    </div>
  `;
}

/** @param {unknown} payload */
const pretty = (payload) => JSON.stringify(payload ?? null, null, 2);
