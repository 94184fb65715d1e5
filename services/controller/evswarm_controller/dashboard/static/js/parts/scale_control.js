/** How many stations there should be: choosing, confirming, and watching it happen. */

import { html, useEffect, useState } from "../../vendor/runtime.js";
import { scaleStations } from "../api.js";
import { count, counted } from "../format.js";
import { aggregate, reachable } from "../model.js";
import {
  MOST_STATIONS,
  PRESETS,
  parseRamp,
  parseStations,
  positionOf,
  SLIDER_STEPS,
  STEPS,
  stationsAt,
} from "../state/scale_plan.js";
import { fleet, profiles, windowed } from "../state/swarm.js";
import { toast } from "../state/toasts.js";
import { Modal } from "./modal.js";
import { ScaleProgress } from "./scale_progress.js";

/** Before anything is known. */
const NONE = { count: 0, id_prefix: "", desired: 0 };

/** @param {number} step */
const signed = (step) => `${step < 0 ? "−" : "+"}${count(Math.abs(step))}`;

/**
 * Ask for `target` stations and say so when it cannot be done.
 *
 * @param {number} target
 * @param {{profile?: string, ramp?: number | null}} [options]
 */
export async function requestScale(target, options) {
  try {
    await scaleStations(target, options);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function ScaleControl() {
  // Stations that were created by name are no part of the number that is asked for.
  const { count: desired, id_prefix: prefix, desired: all } = aggregate.value ?? NONE;
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const [profile, setProfile] = useState("");
  const [ramp, setRamp] = useState("");
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const [asking, setAsking] = useState(/** @type {Gone | null} */ (null));

  // What was typed is done with once the swarm is meant to have that size.
  useEffect(() => setText(null), [desired]);

  const typed = parseStations(text ?? String(desired));
  const typedRamp = parseRamp(ramp);
  const target = "value" in typed ? typed.value : desired;
  const wrong = "problem" in typed ? typed.problem : "problem" in typedRamp ? typedRamp.problem : "";
  const grows = target > desired;
  /** @param {number} value */
  const choose = (value) => {
    setProblem("");
    setText(String(Math.min(Math.max(value, 0), MOST_STATIONS)));
  };

  const send = async () => {
    setAsking(null);
    setSending(true);
    const options = {
      ramp: "value" in typedRamp ? typedRamp.value : null,
      ...(profile && grows && { profile }),
    };
    const failure = await requestScale(target, options);
    setSending(false);
    setProblem(failure);
    if (!failure) toast(`Asked for ${counted(target, "station")}`);
  };

  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (wrong || sending || !reachable.value) return;
    // Of a swarm that is sent in windows only the server knows what the stations do.
    const gone = windowed.value ? unknown(desired - target) : fleet.beyond(target, prefix);
    if (target < desired && (gone.transactions ?? 1) > 0) setAsking(gone);
    else void send();
  };

  return html`
    <form class="card control" aria-label="Scale" onSubmit=${submit} novalidate>
      <div class="control-head">
        <h2>Scale</h2>
        <span class="muted scale-note">${wrong || problem ? "" : preview(target, desired, all - desired, profile)}</span>
        <span class="grow"></span>
        <${ScaleProgress} />
      </div>
      <div class="line">
        <input
          class="figure"
          type="text"
          inputmode="numeric"
          autocomplete="off"
          aria-label="Number of stations"
          aria-invalid=${"problem" in typed}
          aria-describedby="scale-problem"
          value=${text ?? desired}
          onInput=${(/** @type {any} */ e) => setText(e.target.value)}
        />
        <div class="joined" role="group" aria-label="Fewer or more">
          ${STEPS.map(
            (step) => html`
              <button
                type="button"
                key=${step}
                onClick=${() => choose(target + step)}
              >${signed(step)}</button>`,
          )}
        </div>
        <input
          class="slider"
          type="range"
          min="0"
          max=${SLIDER_STEPS}
          aria-label="Number of stations, logarithmic"
          aria-valuetext=${counted(target, "station")}
          value=${positionOf(target)}
          onInput=${(/** @type {any} */ e) => choose(stationsAt(Number(e.target.value)))}
        />
        <button
          type="submit"
          class="primary"
          disabled=${Boolean(wrong) || sending || !reachable.value || target === desired}
        >
          ${sending ? "Sending…" : "Apply"}
        </button>
      </div>
      <div class="line">
        <div class="presets" role="group" aria-label="Presets">
          ${PRESETS.map(
            (n) => html`
              <button
                type="button"
                class="small"
                key=${n}
                aria-pressed=${target === n}
                onClick=${() => choose(n)}
              >${count(n)}</button>`,
          )}
        </div>
        <span class="grow"></span>
        <label class="field"><span>Profile</span>
          <select
            value=${profile}
            title="Behaviour of the stations that are added"
            onChange=${(/** @type {any} */ e) => setProfile(e.target.value)}
          >
            <option value="">mixed</option>
            ${profiles.value.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
          </select>
        </label>
        <label class="field"><span>Ramp</span>
          <input
            class="ramp"
            type="text"
            inputmode="decimal"
            autocomplete="off"
            placeholder="max"
            title="Stations a second; empty is as fast as possible"
            aria-invalid=${"problem" in typedRamp}
            aria-describedby="scale-problem"
            value=${ramp}
            onInput=${(/** @type {any} */ e) => setRamp(e.target.value)}
          />
          <span>/s</span>
        </label>
      </div>
      <p id="scale-problem" class="problem" role="alert">${wrong || problem}</p>
      <${Modal}
        open=${asking !== null}
        title=${`Scale down to ${counted(target, "station")}?`}
        onClose=${() => setAsking(null)}
      >
        ${
          asking &&
          html`
          <p>
            <strong>
              ${asking.transactions === null ? "Their open transactions" : counted(asking.transactions, "active transaction")} will stop.
            </strong>
          </p>
          <p class="muted">
            ${counted(asking.stations, "station")} will go${asking.first && `: ${asking.first}`}${asking.last !== asking.first && ` to ${asking.last}`}.
            ${" "}Their energy and earnings stay in the totals.
          </p>
          <div class="dialog-actions">
            <button type="button" onClick=${() => setAsking(null)}>Cancel</button>
            <button type="button" class="danger" onClick=${send}>Stop them and scale down</button>
          </div>`
        }
      <//>
    </form>
  `;
}

/**
 * What stops when the swarm shrinks; null transactions: not known here.
 *
 * @typedef {{stations: number, transactions: number | null, first: string, last: string}} Gone
 */

/** @param {number} stations @returns {Gone} */
const unknown = (stations) => ({ stations, transactions: null, first: "", last: "" });

/**
 * What Apply would do.
 *
 * @param {number} target
 * @param {number} desired
 * @param {number} named stations beside these
 * @param {string} profile
 */
function preview(target, desired, named, profile) {
  if (target === desired) {
    const beside = named > 0 ? ` beside ${count(named)} created by name` : "";
    return `${counted(desired, "station")} wanted${beside}. Type, drag or pick another number.`;
  }
  if (target > desired) return `Adds ${counted(target - desired, `${profile || "mixed"} station`)}.`;
  return `Removes ${counted(desired - target, "station")}, the highest numbers first.`;
}
