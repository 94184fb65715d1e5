/** What holds for the whole swarm beside the price: how fast its time runs, the load of the grid and its carbon. */

import { html, useEffect, useState } from "../../vendor/runtime.js";
import { changeConditions, fetchConditions } from "../api.js";
import { aggregate, reachable } from "../model.js";

/** Seconds of the swarm in a real one. */
const FACTORS = [0, 1, 10, 60, 600];
const AGAIN_MS = 15_000;

/** @typedef {import("../api.js").Conditions} Conditions */

/** @param {number} factor */
const spoken = (factor) =>
  factor === 0 ? "stands still" : factor === 1 ? "real time" : `${factor} times as fast`;

export function ConditionsControl() {
  const [now, setNow] = useState(/** @type {Conditions | null} */ (null));
  const [problem, setProblem] = useState("");
  const [wrong, setWrong] = useState("");

  /** @param {Promise<Conditions>} answer */
  const take = (answer) =>
    answer.then(
      (conditions) => {
        setNow(conditions);
        setProblem("");
      },
      (error) => setProblem(error instanceof Error ? error.message : String(error)),
    );
  // Others may change them: the generation of what is wanted grows with it.
  useEffect(() => {
    void take(fetchConditions());
    const timer = setInterval(() => void take(fetchConditions()), AGAIN_MS);
    return () => clearInterval(timer);
  }, [aggregate.value?.generation]);

  if (!now && !problem) return html`<section class="card control" aria-label="Conditions"></section>`;
  const factors = now && !FACTORS.includes(now.clock_factor) ? [...FACTORS, now.clock_factor] : FACTORS;
  return html`
    <section class="card control" aria-label="Conditions">
      <div class="control-head">
        <h2>Conditions</h2>
        <span class="muted">${now && `${now.simulated_time.slice(0, 16).replace("T", " ")} UTC`}</span>
      </div>
      ${
        now &&
        html`
        <div class="line">
          <label class="field"><span>Time</span>
            <select
              value=${String(now.clock_factor)}
              disabled=${!reachable.value}
              onChange=${(/** @type {any} */ e) => take(changeConditions({ clock_factor: Number(e.target.value) }))}
            >
              ${factors.map((factor) => html`<option key=${factor} value=${String(factor)}>${spoken(factor)}</option>`)}
            </select>
          </label>
        </div>
        <div class="line">
          <${Signal}
            label="Grid %"
            value=${now.grid_load === null ? null : Math.round(now.grid_load * 1000) / 10}
            most=${100}
            onWrong=${setWrong}
            onSet=${(/** @type {number | null} */ value) =>
              take(changeConditions({ grid_load: value === null ? null : value / 100 }))}
          />
          <${Signal}
            label="CO₂ g/kWh"
            value=${now.carbon_intensity}
            most=${10_000}
            onWrong=${setWrong}
            onSet=${(/** @type {number | null} */ value) => take(changeConditions({ carbon_intensity: value }))}
          />
        </div>`
      }
      <p class="problem" role="alert">${wrong || problem}</p>
    </section>
  `;
}

/**
 * A number that is sent when it is confirmed by Enter or by leaving the field; empty: not known.
 *
 * @param {{label: string, value: number | null, most: number, onSet: (value: number | null) => void,
 *   onWrong: (problem: string) => void}} props
 */
function Signal({ label, value, most, onSet, onWrong }) {
  const [text, setText] = useState(/** @type {string | null} */ (null));
  const shown = text ?? (value === null ? "" : String(value));
  const typed = shown.trim() === "" ? null : Number(shown.replace(",", "."));
  const wrong = typed !== null && !(typed >= 0 && typed <= most);
  const done = () => {
    if (text === null) return;
    onWrong(wrong ? `${label}: a number from 0 to ${most.toLocaleString("en")}, or nothing` : "");
    if (wrong) return;
    setText(null);
    if (typed !== value) onSet(typed);
  };
  return html`
    <label class="field"><span>${label}</span>
      <input
        class="signal"
        type="text"
        inputmode="decimal"
        autocomplete="off"
        placeholder="–"
        title=${`0 to ${most}; empty: not known`}
        aria-invalid=${wrong}
        disabled=${!reachable.value}
        value=${shown}
        onInput=${(/** @type {any} */ e) => setText(e.target.value)}
        onBlur=${done}
        onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Enter" && done()}
      />
    </label>
  `;
}
