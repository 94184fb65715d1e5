/** Search, filters and their counts, above the table. */

import { html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { count, counted } from "../format.js";
import { aggregate } from "../model.js";
import { WIDER_STATES } from "../state/fleet.js";
import { filterOf } from "../state/selection.js";
import { fleet, windowed } from "../state/swarm.js";
import { answer, look, view } from "../state/swarm_view.js";
import { isFiltered, MOST_LETTERS } from "../state/view.js";
import { STATION_STATES } from "../station_states.js";
import { COLUMNS } from "./columns.js";
import { Icon } from "./icon.js";

const STATUS_CHOICES = [...Object.keys(WIDER_STATES), ...STATION_STATES.map(({ name }) => name)];

/** @param {any} event of the select that stands in for the column headers on narrow pages */
function sortBy(event) {
  const [sort, dir] = event.target.value.split(" ");
  look({ sort, dir });
}

export function TableTools() {
  const { status, worker, profile, sort, dir } = view.value;
  const { total } = answer.value;
  const all = windowed.value ? (aggregate.value?.stations ?? 0) : fleet.rows.size;
  return html`
    <div class="table-tools">
      <${Search} />
      <${Facet}
        label="Status"
        value=${status}
        all="Any status"
        choices=${STATUS_CHOICES}
        counts=${answer.value.status}
        onChoose=${(/** @type {string} */ v) => look({ status: v })}
      />
      <${Facet}
        label="Worker"
        value=${worker}
        all="Any worker"
        counts=${answer.value.worker}
        onChoose=${(/** @type {string} */ v) => look({ worker: v })}
      />
      <${Facet}
        label="Profile"
        value=${profile}
        all="Any profile"
        counts=${answer.value.profile}
        onChoose=${(/** @type {string} */ v) => look({ profile: v })}
      />
      <select class="narrow-only" aria-label="Sort by" value=${`${sort} ${dir}`} onChange=${sortBy}>
        ${COLUMNS.filter((c) => c.sort).flatMap((c) => [
          html`<option key=${`${c.name} asc`} value=${`${c.sort} asc`}>${c.label} ↑</option>`,
          html`<option key=${`${c.name} desc`} value=${`${c.sort} desc`}>${c.label} ↓</option>`,
        ])}
      </select>
      ${
        isFiltered(view.value) &&
        html`
          <button
            type="button"
            class="small"
            onClick=${() => look({ q: "", status: "", worker: "", profile: "" })}
          >Clear</button>`
      }
      <span class="grow"></span>
      <${Exports} />
      <span
        class="muted shown"
        role="status"
        aria-live="off"
      >${total === all ? counted(all, "station") : `${count(total)} of ${count(all)}`}</span>
    </div>
  `;
}

/** Files of what the filters leave, as the server has it. */
function Exports() {
  const query = new URLSearchParams(
    Object.entries(filterOf(view.value)).filter(([, value]) => value),
  ).toString();
  return html`
    <span class="muted exports">Export${["csv", "json"].map(
      (form) => html` <a
        key=${form}
        href=${`/stations?format=${form}${query && `&${query}`}`}
        download
        aria-label=${`Export the stations as ${form.toUpperCase()}`}
      >${form.toUpperCase()}</a>`,
    )}</span>`;
}

function Search() {
  const [text, setText] = useState(view.value.q);
  const written = useRef(view.value.q);
  // Back and Clear change the address; typing changes the text first.
  useEffect(() => {
    if (view.value.q === written.current) return;
    written.current = view.value.q;
    setText(view.value.q);
  }, [view.value.q]);
  /** @param {string} value */
  const ask = (value) => {
    setText(value);
    written.current = value;
    look({ q: value }, { replace: true });
  };
  /** @param {any} event */
  const onKey = (event) => {
    if (event.key !== "Escape") return;
    if (text) ask("");
    else event.target.blur();
    event.preventDefault();
  };
  return html`
    <label class="search"><${Icon} name="search" />
      <input
        id="search"
        type="text"
        autocomplete="off"
        spellcheck="false"
        placeholder="Search stations"
        maxlength=${MOST_LETTERS.q}
        aria-label="Search stations"
        value=${text}
        onInput=${(/** @type {any} */ e) => ask(e.target.value)}
        onKeyDown=${onKey}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  `;
}

/**
 * One filter. Its counts stand still while it has the focus: an open list must not change under the pointer.
 *
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.value
 * @param {string} props.all what no choice is called
 * @param {string[]} [props.choices] in this order; without them, what is counted
 * @param {Map<string, number>} props.counts
 * @param {(value: string) => void} props.onChoose
 */
function Facet({ label, value, all, choices, counts, onChoose }) {
  const [still, setStill] = useState(/** @type {Map<string, number> | null} */ (null));
  const shown = still ?? counts;
  const names = (choices ?? [...shown.keys()].sort()).filter(
    (name) => shown.has(name) || name in WIDER_STATES || name === value,
  );
  if (value && !names.includes(value)) names.push(value);
  return html`
    <select
      class=${`facet${value ? " chosen" : ""}`}
      aria-label=${label}
      value=${value}
      onFocus=${() => setStill(counts)}
      onBlur=${() => setStill(null)}
      onChange=${(/** @type {any} */ e) => onChoose(e.target.value)}
    >
      <option value="">${all}</option>
      ${names.map(
        (name) => html`
          <option
            key=${name}
            value=${name}
          >${name}${shown.has(name) || !(name in WIDER_STATES) ? ` (${count(shown.get(name) ?? 0)})` : ""}</option>`,
      )}
    </select>
  `;
}
