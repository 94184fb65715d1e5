/** The list of keys. */

import { html } from "../../vendor/runtime.js";
import { Modal } from "./modal.js";

const KEYS = [
  ["/", "Search"],
  ["↑ ↓ or k j", "Station above, below (in the table)"],
  ["Page, Home, End", "Further, first, last"],
  ["Enter or l", "Open or close the log"],
  ["o", "Open the station's page"],
  ["s", "Start or stop the station"],
  ["x", "Tick the station"],
  ["Esc", "Leave the search, close the log"],
  ["p", "Pause the page, or go on"],
  ["?", "This list"],
];

export const KeyList = () => html`
  <dl class="keys">
    ${KEYS.map(([key, meaning]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}
  </dl>`;

/** @param {{open: boolean, onClose: () => void}} props */
export const KeyHelp = ({ open, onClose }) => html`
  <${Modal} open=${open} title="Keys" onClose=${onClose}>
    <${KeyList} />
    <div class="dialog-actions"><button type="button" onClick=${onClose}>Close</button></div>
  <//>
`;
