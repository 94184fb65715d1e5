/** A form drawn from a JSON Schema: lists as selects, parts in parts, items that come and go. */

import { html } from "../../vendor/runtime.js";
import { blank, labelOf, withPart } from "./form_model.js";

/**
 * @typedef {import("./form_model.js").Schema} Schema
 *
 * @typedef {object} PartProps
 * @property {Schema} schema
 * @property {any} value
 * @property {readonly (string | number)[]} path
 * @property {string} label
 * @property {boolean} required
 * @property {Record<string, string>} found hints by path
 * @property {(path: readonly (string | number)[], value: any) => void} onChange
 */

/** @param {{schema: Schema, value: any, found: Record<string, string>, onChange: (value: any) => void}} props */
export function SchemaForm({ schema, value, found, onChange }) {
  /** @param {readonly (string | number)[]} path @param {any} part */
  const change = (path, part) => onChange(withPart(value, path, part));
  const names = Object.keys(schema.properties ?? {});
  if (names.length === 0) return html`<p class="muted">It takes nothing more.</p>`;
  return html`<div class="form-parts"><${Fields} schema=${schema} value=${value} path=${[]} found=${found} onChange=${change} /></div>`;
}

/** The fields of an object. @param {Pick<PartProps, "schema" | "value" | "path" | "found" | "onChange">} props */
function Fields({ schema, value, path, found, onChange }) {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(
    ([name, part]) => html`
      <${Part}
        key=${name}
        schema=${part}
        value=${value?.[name]}
        path=${[...path, name]}
        label=${labelOf(name)}
        required=${required.has(name)}
        found=${found}
        onChange=${onChange}
      />`,
  );
}

/** @param {PartProps} props */
function Part(props) {
  if (props.schema.type === "object") return html`<${Group} ...${props} />`;
  if (props.schema.type === "array") return html`<${Items} ...${props} />`;
  return html`<${Field} ...${props} />`;
}

/** @param {PartProps} props */
function Group({ schema, value, path, label, required, found, onChange }) {
  if (value === undefined) {
    return html`
      <div class="form-absent">
        <button type="button" class="small" onClick=${() => onChange(path, blank(schema))}>Add ${label.toLowerCase()}</button>
        <${Hint} text=${found[path.join(".")]} />
      </div>`;
  }
  return html`
    <fieldset>
      <legend>${label}${required && html`<${Star} />`}</legend>
      <${Fields} schema=${schema} value=${value} path=${path} found=${found} onChange=${onChange} />
      ${!required && html`<button type="button" class="small" onClick=${() => onChange(path, undefined)}>Remove ${label.toLowerCase()}</button>`}
    </fieldset>
  `;
}

/** @param {PartProps} props */
function Items({ schema, value, path, label, required, found, onChange }) {
  /** @type {any[]} */
  const items = Array.isArray(value) ? value : [];
  const item = schema.items ?? {};
  return html`
    <fieldset>
      <legend>${label}${required && html`<${Star} />`}</legend>
      ${items.map(
        (each, i) => html`
          <div class="form-item" key=${i}>
            <${Part}
              schema=${item}
              value=${each}
              path=${[...path, i]}
              label=${`${i + 1}`}
              required
              found=${found}
              onChange=${onChange}
            />
            <button
              type="button"
              class="small"
              aria-label=${`Remove ${label.toLowerCase()} ${i + 1}`}
              onClick=${() => onChange([...path, i], undefined)}
            >Remove</button>
          </div>`,
      )}
      <div class="form-absent">
        <button type="button" class="small" onClick=${() => onChange(path, [...items, blank(item)])}>Add an item</button>
        <${Hint} text=${found[path.join(".")]} />
      </div>
    </fieldset>
  `;
}

/** @param {PartProps} props */
function Field({ schema, value, path, label, required, found, onChange }) {
  const id = `field-${path.join("-")}`;
  const hint = found[path.join(".")] ?? "";
  /** @param {any} event */
  const heard = (event) =>
    onChange(path, event.target.value === "" && !required ? undefined : event.target.value);
  const shared = {
    id,
    "aria-invalid": Boolean(hint),
    "aria-describedby": `${id}-hint`,
    "aria-required": required,
    value: value ?? "",
  };
  const long = (schema.maxLength ?? 0) > 500 || String(value ?? "").includes("\n");
  return html`
    <div class="form-field">
      <label for=${id}>${label}${required && html`<${Star} />`}</label>
      ${
        schema.enum
          ? html`
          <select ...${shared} onChange=${heard}>
            ${!required && html`<option value="">–</option>`}
            ${schema.enum.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
          </select>`
          : long
            ? html`<textarea rows="4" spellcheck=${false} ...${shared} onInput=${heard}></textarea>`
            : html`
            <input
              type="text"
              inputmode=${schema.type === "integer" ? "numeric" : schema.type === "number" ? "decimal" : "text"}
              placeholder=${schema.format === "date-time" ? "2026-11-22T12:00:00Z" : ""}
              autocomplete="off"
              spellcheck=${false}
              ...${shared}
              onInput=${heard}
            />`
      }
      <span class="form-hint" id=${`${id}-hint`}><${Hint} text=${hint} />${!hint && schema.description && html`<span class="muted">${schema.description}</span>`}</span>
    </div>
  `;
}

const Star = () => html`<span class="star" title="required" aria-hidden="true">*</span>`;

/** @param {{text?: string | undefined}} props */
const Hint = ({ text }) => (text ? html`<span class="bad">${text}</span>` : null);
