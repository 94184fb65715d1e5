/** Short messages in the corner; errors stay until they are dismissed. */

import { html } from "../../vendor/runtime.js";
import { dismiss, toasts } from "../state/toasts.js";
import { Icon } from "./icon.js";

export function Toasts() {
  return html`
    <div class="toasts" role="status">
      ${toasts.value.map(
        ({ id, text, kind, action }) => html`
          <div key=${id} class=${`toast ${kind}`}>
            <span>${text}</span>
            ${
              action &&
              html`
                <button
                  type="button"
                  class="small"
                  onClick=${action.run}
                >${action.label}</button>`
            }
            <button
              type="button"
              class="bare"
              aria-label="Dismiss"
              onClick=${() => dismiss(id)}
            ><${Icon} name="close" /></button>
          </div>`,
      )}
    </div>
  `;
}
