/** Configuration keys: found, read, and changed in place; what is shown is what the station has, never what was asked. */

import { html, useState } from "../../vendor/runtime.js";
import { counted } from "../format.js";
import { doIt, outcomeOf, toneOf } from "./deeds.js";

/** @typedef {import("./detail.js").ConfigurationKey} ConfigurationKey */

/** @param {{id: string, keys: readonly ConfigurationKey[], enabled: boolean, onDone: () => void}} props */
export function Configuration({ id, keys, enabled, onDone }) {
  const [text, setText] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const [editing, setEditing] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = keys.filter(
    ({ key, value, changed }) =>
      (!changedOnly || changed) && (!wanted || `${key} ${value ?? ""}`.toLowerCase().includes(wanted)),
  );
  return html`
    <section class="card panel" aria-label="Configuration keys">
      <div class="panel-head">
        <h2>Configuration</h2>
        <span class="muted" role="status">${counted(shown.length, "key")}</span>
        <span class="grow"></span>
        <label class="switch"><input
          type="checkbox"
          checked=${changedOnly}
          onChange=${(/** @type {any} */ e) => setChangedOnly(e.target.checked)}
        /><span>Changed</span></label>
        <input
          id="search"
          type="search"
          placeholder="Key or value"
          aria-label="Search configuration keys"
          autocomplete="off"
          spellcheck=${false}
          value=${text}
          onInput=${(/** @type {any} */ e) => setText(e.target.value)}
        />
      </div>
      <ul class="settings">
        ${shown.map(
          (entry) => html`
            <li key=${entry.key}>
              <div class="setting-name">
                <strong>${entry.key}</strong>
                ${entry.readonly && html`<span class="mark">read-only</span>`}
                ${entry.changed && html`<span class="mark changed">changed</span>`}
                ${entry.reboot_required && html`<span class="mark">after a reboot</span>`}
              </div>
              <div class="setting-value">${entry.write_only ? html`<span class="muted">never told</span>` : entry.value || html`<span class="muted">empty</span>`}</div>
              <button
                type="button"
                class="small"
                aria-expanded=${editing === entry.key}
                aria-label=${`Change ${entry.key}`}
                onClick=${() => setEditing(editing === entry.key ? "" : entry.key)}
              >Change</button>
              ${
                editing === entry.key &&
                html`<${Editor} id=${id} entry=${entry} enabled=${enabled} onDone=${onDone} onClose=${() => setEditing("")} />`
              }
            </li>`,
        )}
      </ul>
      ${shown.length === 0 && html`<p class="muted">No key matches.</p>`}
    </section>
  `;
}

/** @param {{id: string, entry: ConfigurationKey, enabled: boolean, onDone: () => void, onClose: () => void}} props */
function Editor({ id, entry, enabled, onDone, onClose }) {
  const [value, setValue] = useState(entry.value ?? "");
  const [deed, setDeed] = useState(/** @type {import("./deeds.js").Deed | null} */ (null));
  const [sending, setSending] = useState(false);
  /** @param {import("./deeds.js").Road} road */
  const send = async (road) => {
    setSending(true);
    const payload = { key: entry.key, value };
    setDeed(await doIt(id, road, road === "hand" ? "set_configuration" : "ChangeConfiguration", payload));
    setSending(false);
    onDone();
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    void send("command");
  };
  const refused = deed !== null && toneOf(deed) !== "good";
  return html`
    <form class="setting-editor" onSubmit=${submit} aria-label=${`New value of ${entry.key}`}>
      <input
        type=${entry.write_only ? "password" : "text"}
        aria-label=${`Value of ${entry.key}`}
        autocomplete="off"
        spellcheck=${false}
        maxlength="500"
        value=${value}
        ref=${(/** @type {HTMLInputElement | null} */ field) => field && deed === null && !sending && value === (entry.value ?? "") && field.focus()}
        onInput=${(/** @type {any} */ e) => setValue(e.target.value)}
      />
      <button type="submit" class="small primary" disabled=${!enabled || sending}>Send ChangeConfiguration</button>
      <button type="button" class="small" disabled=${!enabled || sending} onClick=${() => send("hand")}>Set by hand</button>
      <button type="button" class="small" onClick=${onClose}>Close</button>
      <p class=${refused ? "problem" : "muted"} role="status">
        ${sending ? "Waiting for the station…" : deed ? `${deed.road === "command" ? "The station answered" : "By hand"}: ${outcomeOf(deed)}` : entry.readonly ? "A station refuses to change it; ask it and see." : ""}
      </p>
    </form>
  `;
}
