/** What a kWh costs: now, and from now on; with ten seconds to take it back. */

import { html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { setPrice } from "../api.js";
import { amount } from "../format.js";
import { aggregate, currency, reachable } from "../model.js";
import { parsePrice } from "../state/scale_plan.js";

const UNDO_SECONDS = 10;

export function PriceControl() {
  const price = aggregate.value?.price ?? 0;
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const [undo, setUndo] = useState(/** @type {{price: number, left: number} | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));

  useEffect(() => {
    if (!undo) return;
    const timer = setTimeout(() => setUndo(undo.left > 1 ? { ...undo, left: undo.left - 1 } : null), 1000);
    return () => clearTimeout(timer);
  }, [undo]);

  const typed = parsePrice(text);
  const wrong = text !== "" && "problem" in typed ? typed.problem : "";

  /** @param {number} value @param {number | null} before what to offer to go back to */
  const send = async (value, before) => {
    setSending(true);
    setUndo(null);
    try {
      await setPrice(value);
      setProblem("");
      setText("");
      setUndo(before === null ? null : { price: before, left: UNDO_SECONDS });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      field.current?.focus();
    } finally {
      setSending(false);
    }
  };
  /** @param {any} event */
  const type = (event) => {
    setText(event.target.value);
    setProblem("");
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if ("value" in typed && !sending && reachable.value) void send(typed.value, price);
  };

  const takeBack = () => {
    if (undo) void send(undo.price, null);
  };

  return html`
    <form class="card control" aria-label="Price" onSubmit=${submit} novalidate>
      <div class="control-head"><h2>Price</h2><span class="muted">a kWh, in ${currency.value}</span></div>
      <div class="line">
        <output
          class="figure"
          aria-label="Current price"
        >${amount(price, currency.value, Number.isInteger(price * 100) ? 2 : 3)}</output>
        <span class="muted" aria-hidden="true">→</span>
        <input
          ref=${field}
          class="price"
          type="text"
          inputmode="decimal"
          autocomplete="off"
          aria-label="New price"
          placeholder="new"
          aria-invalid=${Boolean(wrong)}
          aria-describedby="price-problem"
          value=${text}
          onInput=${type}
        />
        <button
          type="submit"
          class="primary"
          disabled=${!("value" in typed) || sending || !reachable.value}
        >Set</button>
      </div>
      <div class="line">
        ${
          undo
            ? html`
              <span class="muted">Changed from ${amount(undo.price, currency.value)}</span>
              <span class="grow"></span>
              <button type="button" class="small" disabled=${!reachable.value} onClick=${takeBack}>
                Undo (${undo.left} s)
              </button>`
            : html`<span class="muted">Counts for energy from now on.</span>`
        }
      </div>
      <p id="price-problem" class="problem" role="alert">${wrong || problem}</p>
    </form>
  `;
}
