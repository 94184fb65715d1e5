/** A station's outlets: what each does, for whom, and what a hand can do there. */

import { html } from "../../vendor/runtime.js";
import { amount, span } from "../format.js";
import { currency, reachable } from "../model.js";
import { stateClass } from "../station_states.js";

/** @typedef {import("./detail.js").Connector} Connector */

/** What a person at the outlet would do next, by what is going on there. @type {Record<string, string>} */
const HANDS = {
  plug_in: "Plug in",
  authorize: "Present tag",
  press_stop: "Press stop",
  unplug: "Unplug",
  clear_fault: "Repair",
};

/** OCPP's word for a connector in the colours of station states. @type {Record<string, string>} */
const COLOURS = {
  Preparing: "Occupied",
  Finishing: "Occupied",
  SuspendedEV: "Suspended",
  SuspendedEVSE: "Suspended",
};

/**
 * @param {object} props
 * @param {readonly Connector[]} props.connectors
 * @param {number} props.now simulated unix seconds
 * @param {boolean} props.enabled
 * @param {(action: string, payload: any) => void} props.onAct
 */
export const Connectors = ({ connectors, now, enabled, onAct }) => html`
  <div class="outlets">
    ${connectors.map(
      (connector) => html`
        <${Outlet} key=${connector.connector_id} connector=${connector} now=${now} enabled=${enabled} onAct=${onAct} />`,
    )}
  </div>
`;

/** @param {{connector: Connector, now: number, enabled: boolean, onAct: (action: string, payload: any) => void}} props */
function Outlet({ connector, now, enabled, onAct }) {
  const { connector_id: id, status, car, transaction } = connector;
  const faulted = connector.error_code !== "NoError";
  return html`
    <section class="card outlet-card" aria-label=${`Connector ${id}`}>
      <header>
        <h2>Connector ${id}</h2>
        <span class="outlet-status"><i class=${`swatch ${stateClass(COLOURS[status] ?? status)}`} aria-hidden="true"></i>${status}</span>
      </header>
      <p class="outlet-power">
        <strong>${connector.power_kw.toFixed(1)}</strong> kW${" "}
        <span class="muted">${connector.limit_kw === null ? "no transaction" : `of ${connector.limit_kw.toFixed(1)} kW offered`}</span>
      </p>
      ${car ? html`<${CarAt} car=${car} />` : html`<p class="muted soc-line">${expected(connector, now)}</p>`}
      <dl class="pairs">
        ${facts(connector, now).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl>
      ${faulted && html`<p class="problem">${connector.error_code}</p>`}
      ${connector.waits_for && html`<p class="muted">Waits: ${connector.waits_for}</p>`}
      <div class="outlet-hands" role="group" aria-label=${`By hand at connector ${id}`}>
        ${hands(connector).map(
          (action) => html`
            <button
              type="button"
              class="small"
              key=${action}
              disabled=${!enabled || !reachable.value}
              onClick=${() => onAct(action, { connector_id: id })}
            >${HANDS[action]}</button>`,
        )}
        ${transaction && html`<span class="muted">open ${span(now - Date.parse(transaction.started_at) / 1000)}</span>`}
      </div>
    </section>
  `;
}

/** @param {{car: import("./detail.js").Car}} props */
function CarAt({ car }) {
  const goal = `${Math.round(car.target_soc_percent)} %`;
  const left =
    car.seconds_to_target === null
      ? `, wants ${goal}`
      : car.seconds_to_target > 0
        ? `, ${span(car.seconds_to_target)} to ${goal}`
        : ", has what it wants";
  return html`
    <div class="soc-line">
      <meter
        min="0"
        max="100"
        value=${car.soc_percent}
        aria-label=${`State of charge, wants ${goal}`}
      ></meter>
      <span><strong>${car.soc_percent.toFixed(1)} %</strong> <span class="muted">of ${car.capacity_kwh.toFixed(0)} kWh${left}</span></span>
    </div>
  `;
}

/** @param {Connector} connector @param {number} now */
function expected({ plugged, next_arrival_at }, now) {
  if (plugged) return "A car is at the cable.";
  const wait = next_arrival_at ? Date.parse(next_arrival_at) / 1000 - now : 0;
  return wait > 0 ? `No car; the next comes in ${span(wait)}.` : "No car.";
}

/** @param {Connector} connector @param {number} now @returns {[string, string][]} */
function facts({ transaction, reservation, energy_kwh, earnings, car, id_tag, tag_state }, now) {
  /** @type {[string, string][]} */
  const found = [];
  if (transaction) {
    const id = transaction.transaction_id === null ? "not numbered yet" : String(transaction.transaction_id);
    found.push(["Transaction", transaction.state === "confirmed" ? id : `${id} (${transaction.state})`]);
    found.push(["Energy", `${transaction.energy_kwh.toFixed(3)} kWh`]);
    found.push(["Tag", transaction.id_tag ?? "–"]);
    if (transaction.granted_kw !== null) found.push(["Granted", `${transaction.granted_kw.toFixed(1)} kW`]);
  } else if (id_tag) {
    found.push(["Tag", `${id_tag} (${tag_state})`]);
  }
  if (car) {
    const phases = car.phases > 1 ? `, ${car.phases_in_use} of ${car.phases} phases` : "";
    found.push(["Car takes", `${car.max_power_kw.toFixed(1)} kW${phases}`]);
  }
  if (reservation) {
    const left = span(Date.parse(reservation.expires_at) / 1000 - now);
    found.push(["Reserved", `${reservation.reservation_id} for ${reservation.id_tag ?? "–"}, ${left} left`]);
  }
  found.push(["Meter", `${energy_kwh.toFixed(3)} kWh`], ["Earned", amount(earnings, currency.value)]);
  return found;
}

/** @param {Connector} connector */
function hands({ plugged, transaction, error_code, tag_state }) {
  const found = [];
  if (error_code !== "NoError") found.push("clear_fault");
  if (!plugged) found.push("plug_in");
  if (!transaction && tag_state === "none") found.push("authorize");
  if (transaction) found.push("press_stop");
  if (plugged) found.push("unplug");
  return found;
}
