/** The list of keys. */

import { html } from "../../vendor/runtime.js";
import { Modal } from "./modal.js";

const KEYS = [
  ["/", "Search"],
  ["↑ ↓ or k j", "Station above, below (in the table)"],
  ["Page, Home, End", "Further, first, last"],
  ["Enter or l", "Open or close the log"],
  ["s", "Start or stop the station"],
  ["Esc", "Leave the search, close the log"],
  ["?", "This list"],
];

/** @param {{open: boolean, onClose: () => void}} props */
export const KeyHelp = ({ open, onClose }) => html`
  <${Modal} open=${open} title="Keys" onClose=${onClose}>
    <dl class="keys">
      ${KEYS.map(([key, meaning]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}
    </dl>
    <div class="dialog-actions"><button type="button" onClick=${onClose}>Close</button></div>
  <//>
`;
