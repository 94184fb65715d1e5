/** The messages of all stations: as they pass, and as far back as the history goes. */

import { html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { MessageFilters } from "../messages/message_filters.js";
import { MessageList } from "../messages/message_list.js";
import { ANYTHING } from "../messages/message_log.js";
import { useTail } from "../messages/tail.js";
import { aggregate } from "../model.js";
import { search, setSearch } from "../router.js";
import { formatFilter, isNarrowed, MOST_LETTERS, parseFilter } from "../state/message_filter.js";
import { fleet } from "../state/swarm.js";

/** Pause after a letter before the messages are asked for anew. */
const TYPING_MS = 300;
const MOST_SUGGESTED = 8;

export function MessagesPage() {
  const [typed, setTyped] = useState(search.value);
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  // The address follows what is typed after a moment; Back and links set it at once.
  useEffect(() => {
    clearTimeout(timer.current);
    setTyped(search.value);
    return () => clearTimeout(timer.current);
  }, [search.value]);
  const filter = parseFilter(typed);
  /** @param {Partial<typeof filter>} change @param {{replace?: boolean}} [options] */
  const onChange = (change, { replace = false } = {}) => {
    const next = formatFilter({ ...filter, ...change });
    clearTimeout(timer.current);
    if (!replace) return setSearch(next);
    setTyped(next);
    timer.current = setTimeout(() => setSearch(next, { replace: true }), TYPING_MS);
  };
  const workers = Object.keys(aggregate.value?.workers ?? {}).sort();
  const chosenIsGone = filter.worker && !workers.includes(filter.worker);
  return html`
    <div class="page-head"><h1 tabindex="-1">Messages</h1></div>
    <section class="card page-card" aria-label="OCPP messages">
      <div class="station-filters">
        <input
          id="message-station"
          type="search"
          placeholder="Station id"
          aria-label="Station"
          autocomplete="off"
          spellcheck="false"
          list="stations-like-it"
          maxlength=${MOST_LETTERS.station}
          value=${filter.station}
          onInput=${(/** @type {any} */ e) => onChange({ station: e.target.value }, { replace: true })}
        />
        <datalist id="stations-like-it">
          ${stationsLike(filter.station).map((id) => html`<option key=${id} value=${id}></option>`)}
        </datalist>
        <select
          aria-label="Worker"
          value=${filter.worker}
          onChange=${(/** @type {any} */ e) => onChange({ worker: e.target.value })}
        >
          <option value="">Any worker</option>
          ${[...workers, ...(chosenIsGone ? [filter.worker] : [])].map((id) => html`<option key=${id} value=${id}>${id}</option>`)}
        </select>
        ${isNarrowed(filter) && html`<button type="button" onClick=${() => onChange(ANYTHING)}>Clear the filters</button>`}
      </div>
      <${MessageFilters} filter=${filter} onChange=${onChange} searchId="search" />
      <${Messages} wanted=${search.value} />
    </section>
  `;
}

/** Some stations whose id holds these letters. @param {string} part */
function stationsLike(part) {
  /** @type {string[]} */
  const found = [];
  const wanted = part.trim().toLowerCase();
  if (!wanted) return found;
  for (const id of fleet.rows.keys()) {
    if (found.length === MOST_SUGGESTED) break;
    if (id.toLowerCase().includes(wanted)) found.push(id);
  }
  return found;
}

/** @param {{wanted: string}} props the filter as the address has it */
function Messages({ wanted }) {
  const tail = useTail(parseFilter(wanted));
  return html`<${MessageList} tail=${tail} label="Messages, newest first" stations />`;
}
