/** One thing to do to a station: its form, or its JSON, and the answer as it came. */

import { html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { Payload } from "../messages/message_list.js";
import { reachable } from "../model.js";
import { Modal } from "../parts/modal.js";
import { deeds, doIt, formsOf, outcomeOf, toneOf, uploadAddress } from "./deeds.js";
import { suggested } from "./detail.js";
import { hints, labelOf, sent, withPart } from "./form_model.js";
import { SchemaForm } from "./schema_form.js";

/** @typedef {{road: import("./deeds.js").Road, name: string, payload?: any}} Intent */

/** Where a command says to which address a file goes. @type {Record<string, readonly string[]>} */
const UPLOADS = { GetDiagnostics: ["location"], GetLog: ["log", "remoteLocation"] };

/**
 * @param {object} props
 * @param {string} props.id
 * @param {Intent | null} props.intent null: closed
 * @param {import("./detail.js").Detail | null} props.detail
 * @param {() => void} props.onDone
 * @param {() => void} props.onClose
 */
export function DeedDialog({ id, intent, detail, onDone, onClose }) {
  const title = intent
    ? intent.road === "hand"
      ? `${labelOf(intent.name)} at ${id}`
      : `${intent.name} to ${id}`
    : "";
  return html`
    <${Modal} open=${intent !== null} title=${title} onClose=${onClose}>
      ${intent && html`<${Sheet} key=${`${intent.road} ${intent.name}`} id=${id} intent=${intent} detail=${detail} onDone=${onDone} onClose=${onClose} />`}
    <//>
  `;
}

/** @param {{id: string, intent: Intent, detail: import("./detail.js").Detail | null, onDone: () => void, onClose: () => void}} props */
function Sheet({ id, intent, detail, onDone, onClose }) {
  const [form, setForm] = useState(/** @type {import("./deeds.js").Form | null} */ (null));
  const [problem, setProblem] = useState("");
  const [value, setValue] = useState(/** @type {any} */ (null));
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const [number, setNumber] = useState(0);
  useEffect(() => {
    formsOf(intent.road)
      .then((forms) => {
        const found = forms[intent.name];
        if (!found) throw new Error(`The controller knows no ${intent.name}`);
        setForm(found);
        setValue(
          intent.payload ??
            suggested(
              found.example,
              detail,
              detail ? Date.parse(detail.simulated_at) / 1000 : Date.now() / 1000,
            ),
        );
      })
      .catch((error) => setProblem(error.message));
  }, [intent]);
  const deed = deeds.value.find((each) => each.number === number);
  const waiting = deed?.state === "waiting";
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
  if (!form) return html`<p class="muted" role="status">Loading the form…</p>`;
  const read = text === null ? { value: sent(form.schema, value), problem: "" } : parsed(text);
  const found = read.problem ? {} : hints(form.schema, read.value);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (read.problem || waiting) return;
    const asked = doIt(id, intent.road, intent.name, read.value);
    setNumber(deeds.peek()[0]?.number ?? 0);
    await asked;
    onDone();
  };
  const swap = () => {
    if (text === null) setText(JSON.stringify(read.value, null, 2));
    else if (!read.problem) {
      setValue(read.value);
      setText(null);
    }
  };
  const doubts = Object.keys(found).length;
  const place = UPLOADS[intent.name];
  const fillAddress = async () => {
    try {
      const address = await uploadAddress(id);
      setValue((/** @type {any} */ before) => withPart(before, place ?? [], address));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return html`
    <form class="deed" onSubmit=${submit} novalidate>
      ${
        text === null
          ? html`<${SchemaForm} schema=${form.schema} value=${value} found=${found} onChange=${setValue} />`
          : html`
          <label for="deed-json" class="unseen">Payload as JSON</label>
          <textarea
            id="deed-json"
            class="code"
            rows="12"
            spellcheck=${false}
            aria-invalid=${Boolean(read.problem)}
            value=${text}
            onInput=${(/** @type {any} */ e) => setText(e.target.value)}
          ></textarea>`
      }
      ${
        place &&
        text === null &&
        html`
        <p class="muted">
          <button type="button" class="small" onClick=${fillAddress}>Let it upload to this controller</button>
          ${" "}Files are listed at <a href="/csms/uploads" target="_blank" rel="noreferrer">/csms/uploads</a>.
        </p>`
      }
      ${read.problem && html`<p class="problem" role="alert">${read.problem}</p>`}
      ${doubts > 0 && html`<p class="muted">${doubts === 1 ? "One field looks" : `${doubts} fields look`} wrong; it can be sent all the same.</p>`}
      <div class="dialog-actions">
        <button type="button" class="small" aria-pressed=${text !== null} disabled=${Boolean(read.problem)} onClick=${swap}>JSON</button>
        <span class="grow"></span>
        <button type="button" onClick=${onClose}>Close</button>
        <button type="submit" class="primary" disabled=${waiting || Boolean(read.problem) || !reachable.value}>
          ${waiting ? "Waiting…" : intent.road === "hand" ? "Do it" : "Send"}
        </button>
      </div>
      ${deed && html`<${Answer} deed=${deed} />`}
    </form>
  `;
}

/** @param {{deed: import("./deeds.js").Deed}} props */
export function Answer({ deed }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [deed.state]);
  const tone = toneOf(deed);
  return html`
    <div class="answer" role="status" ref=${place}>
      <p>
        <span class=${`verdict ${tone}`}>${outcomeOf(deed)}</span>
        ${deed.state !== "waiting" && html` <span class="muted">after ${Math.round(deed.took)} ms</span>`}
        ${deed.operation && html` <span class="muted">operation <a href=${`/operations/${encodeURIComponent(deed.operation)}`} target="_blank" rel="noreferrer">${deed.operation}</a></span>`}
      </p>
      ${deed.state === "answered" && deed.road === "command" && html`<${Payload} title="The station's answer" value=${deed.answer} />`}
    </div>
  `;
}

/** @param {string} text @returns {{value: any, problem: string}} */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    const fits = value !== null && typeof value === "object" && !Array.isArray(value);
    return fits ? { value, problem: "" } : { value: null, problem: "A payload is an object: { … }" };
  } catch (error) {
    return { value: null, problem: error instanceof Error ? error.message : String(error) };
  }
}
