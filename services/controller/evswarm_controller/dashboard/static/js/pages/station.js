/** One station: what it does now, what it did, and everything that can be done to it. */

import { html, useEffect, useMemo, useState } from "../../vendor/runtime.js";
import { MessageFilters } from "../messages/message_filters.js";
import { MessageList } from "../messages/message_list.js";
import { useTail } from "../messages/tail.js";
import { aggregate, reachable, second } from "../model.js";
import { Icon } from "../parts/icon.js";
import { LogView } from "../parts/log_view.js";
import { path, search, setSearch } from "../router.js";
import { toast } from "../state/toasts.js";
import { Configuration } from "../station/configuration.js";
import { Connectors } from "../station/connectors.js";
import { DeedDialog } from "../station/deed_dialog.js";
import { DeedPanel } from "../station/deed_panel.js";
import { deeds, doIt, outcomeOf, START, STOP } from "../station/deeds.js";
import { Facts } from "../station/facts.js";
import { labelOf } from "../station/form_model.js";
import { PowerChart } from "../station/power_chart.js";
import { Profiles } from "../station/profiles.js";
import { Sessions } from "../station/sessions.js";
import { formatStationView, parseStationView, SECTIONS } from "../station/station_view.js";
import { useWatch } from "../station/watch.js";
import { stateClass } from "../station_states.js";

/** @typedef {import("../station/station_view.js").StationView} View */

/** @param {{id: string}} props */
export function StationPage({ id }) {
  const watch = useWatch(id);
  const view = useMemo(() => parseStationView(search.value), [search.value]);
  const [intent, setIntent] = useState(
    /** @type {import("../station/deed_dialog.js").Intent | null} */ (null),
  );
  const { detail, presence } = watch;
  const here = presence === "here";
  if (presence === "unknown") return html`<${Unknown} id=${id} />`;
  /** @param {string} action @param {any} payload */
  const act = async (action, payload) => {
    const deed = await doIt(id, "hand", action, payload);
    if (deed.state === "failed") toast(`${labelOf(action)}: ${outcomeOf(deed)}`, "error");
    await watch.look();
  };
  return html`
    <${Head} id=${id} watch=${watch} version=${watch.version.value} onAct=${act} />
    <nav class="sections" aria-label="Parts of this page">
      ${SECTIONS.map(
        ({ name, label }) => html`
          <a
            key=${name}
            href=${`${path.value}${formatStationView({ ...view, section: name })}`}
            aria-current=${view.section === name ? "page" : undefined}
          >${label}</a>`,
      )}
    </nav>
    <div class=${`station-body${here || !detail ? "" : " dated"}`}>
      <${Section}
        id=${id}
        view=${view}
        watch=${watch}
        version=${watch.version.value}
        here=${here}
        onIntent=${setIntent}
        onAct=${act}
      />
    </div>
    <${DeedDialog} id=${id} intent=${intent} detail=${detail} onDone=${() => watch.look()} onClose=${() => setIntent(null)} />
  `;
}

/**
 * @param {object} props
 * @param {string} props.id
 * @param {View} props.view
 * @param {import("../station/watch.js").Watch} props.watch the same object all along; `version` says that it changed
 * @param {number} props.version
 * @param {boolean} props.here
 * @param {(intent: import("../station/deed_dialog.js").Intent) => void} props.onIntent
 * @param {(action: string, payload: any) => void} props.onAct
 */
function Section({ id, view, watch, here, onIntent, onAct }) {
  const { detail } = watch;
  switch (view.section) {
    case "messages":
      return html`<${Messages} id=${id} view=${view} />`;
    case "log":
      return html`<section class="card panel station-log"><h2 class="unseen">Log</h2><${LogView} id=${id} /></section>`;
    case "sessions":
      return html`<${Sessions} id=${id} now=${second.peek()} />`;
    case "actions":
      return html`<${DeedPanel} id=${id} autonomous=${detail?.autonomous ?? null} enabled=${reachable.value} onOpen=${onIntent} onDone=${() => watch.look()} />`;
    default:
  }
  if (!detail)
    return html`<section class="card panel"><p class="muted" role="status">${watch.presence === "loading" ? "Loading…" : "Nothing is known of its inside at the moment."}</p></section>`;
  if (view.section === "configuration") {
    return html`<${Configuration} id=${id} keys=${detail.configuration} enabled=${here} onDone=${() => watch.look()} />`;
  }
  const simulated = Date.parse(detail.simulated_at) / 1000;
  return html`
    <${Connectors} connectors=${detail.connectors} now=${simulated} enabled=${here} onAct=${onAct} />
    <${PowerChart} watch=${watch} connectors=${detail.connectors} at=${Date.parse(detail.at) / 1000} />
    <div class="station-columns">
      <${Profiles}
        detail=${detail}
        enabled=${here}
        onCommand=${(/** @type {string} */ name, /** @type {any} */ payload) => onIntent({ road: "command", name, payload })}
      />
      <${Facts} detail=${detail} now=${Date.parse(detail.at) / 1000} />
    </div>
  `;
}

/** @param {{id: string, watch: import("../station/watch.js").Watch, version: number,
 *   onAct: (action: string, payload: any) => void}} props */
function Head({ id, watch, onAct }) {
  const { detail, row, presence, problem } = watch;
  const state = (presence === "silent" ? (row ?? detail)?.status : detail?.status) ?? "";
  const stopped = state === "Stopped";
  const busy = deeds.value.some(
    ({ station, name, state: stage }) =>
      station === id && stage === "waiting" && (name === START || name === STOP),
  );
  const worker = row?.worker_id ?? detail?.worker_id ?? "";
  const lost = presence === "silent" && worker !== "" && !(worker in (aggregate.value?.workers ?? {}));
  return html`
    <div class="station-head">
      <a class="back" href="/">Swarm</a>
      <h1 tabindex="-1">${id}</h1>
      ${state && html`<span class="state-chip"><i class=${`swatch ${stateClass(state)}`} aria-hidden="true"></i>${state}</span>`}
      ${detail && html`<span class="muted wide-only">${detail.profile} · ${detail.model} · ${total(detail)}</span>`}
      <span class="grow"></span>
      <button
        type="button"
        class="small"
        disabled=${busy || !reachable.value || presence === "loading"}
        onClick=${() => onAct(stopped ? START : STOP, { station_id: id })}
      ><${Icon} name=${stopped ? "play" : "stop"} />${busy ? "Waiting…" : stopped ? "Start" : "Stop"}</button>
    </div>
    ${
      presence === "silent" &&
      reachable.value &&
      html`
      <p class="station-notice" role="alert">
        <strong>${lost ? `Its worker ${worker} is lost.` : "Nobody describes this station at the moment."}</strong>
        ${" "}${problem} ${detail ? "What is shown is what it was before." : ""}
      </p>`
    }
    ${
      detail &&
      detail.error_code !== "NoError" &&
      html`
      <p class="station-notice" role="alert">
        <strong>The station as a whole is out of order: ${detail.error_code}.</strong>
        ${" "}<button
          type="button"
          class="small"
          disabled=${presence !== "here" || !reachable.value}
          onClick=${() => onAct("clear_fault", { connector_id: 0 })}
        >Repair</button>
      </p>`
    }
    ${stopped && presence === "here" && html`<p class="station-notice quiet">It is stopped: it keeps its meter and its settings, and answers to nobody until it is started.</p>`}
  `;
}

/** @param {import("../station/detail.js").Detail} detail */
function total(detail) {
  const power = detail.connectors.reduce((sum, { power_kw }) => sum + power_kw, 0);
  const energy = detail.connectors.reduce((sum, { energy_kwh }) => sum + energy_kwh, 0);
  return `${power.toFixed(1)} kW now, ${energy.toFixed(1)} kWh in all`;
}

/** @param {{id: string, view: View}} props */
function Messages({ id, view }) {
  const [text, setText] = useState(view.filter.text);
  const filter = { ...view.filter, station: id };
  // What is typed is asked for when the typing rests.
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== view.filter.text) change({ text }, { replace: true });
    }, 300);
    return () => clearTimeout(timer);
  }, [text, view]);
  /** @param {Partial<import("../messages/message_log.js").Filter>} changed @param {{replace?: boolean}} [options] */
  const change = (changed, options) => {
    setSearch(formatStationView({ ...view, filter: { ...view.filter, ...changed } }), options);
  };
  const tail = useTail(filter);
  return html`
    <section class="card panel" aria-label="Messages">
      <${MessageFilters}
        filter=${{ ...filter, text }}
        onChange=${(/** @type {any} */ changed, /** @type {any} */ options) => {
          if ("text" in changed) setText(changed.text);
          else change(changed, options);
        }}
        searchId="search"
      />
      <${MessageList} tail=${tail} label=${`Messages of ${id}, newest first`} />
    </section>
  `;
}

/** @param {{id: string}} props */
const Unknown = ({ id }) => html`
  <h1 tabindex="-1">${id}</h1>
  <section class="card empty">
    <p>There is no station ${id}.</p>
    <p class="muted">The swarm may have been scaled down; what is in the history stays there.</p>
    <p>
      <a href=${`/?q=${encodeURIComponent(id)}`}>Look for it in the table</a> ·
      ${" "}<a href=${`/ui/messages?station=${encodeURIComponent(id)}`}>its messages</a>
    </p>
  </section>
`;
