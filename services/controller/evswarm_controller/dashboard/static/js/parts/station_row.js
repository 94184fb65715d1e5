/** One station in the table. Rendered anew only when its data, or what is done with it, changed. */

import { Component, html } from "../../vendor/runtime.js";
import { amount, kilowattHours, kilowatts, span } from "../format.js";
import { currency, second } from "../model.js";
import { stationPath } from "../state/route.js";
import { switching, switchStation } from "../state/swarm.js";
import { toggleLogOf } from "../state/swarm_view.js";
import { toggleTick } from "../state/ticked.js";
import { stateClass } from "../station_states.js";
import { shownColumns } from "./columns.js";
import { Icon } from "./icon.js";

/** Height of a row in pixels; table.css gives it. */
export const ROW_HEIGHT = 36;

/**
 * @typedef {import("../protocol.js").Row} Row
 *
 * @typedef {object} Props
 * @property {Row} row
 * @property {number} index position in the shown order
 * @property {boolean} open whether its log is
 * @property {boolean} ticked
 * @property {boolean} active whether it is the one that keys act on
 * @property {boolean} tabbable whether Tab reaches it
 * @property {boolean} enabled whether actions can work
 * @property {(id: string) => void} onActivate
 */

/** @extends {Component<Props>} */
export class StationRow extends Component {
  /** @override @param {Props} next */
  shouldComponentUpdate(next) {
    const now = this.props;
    return (
      next.row !== now.row ||
      next.index !== now.index ||
      next.open !== now.open ||
      next.ticked !== now.ticked ||
      next.active !== now.active ||
      next.tabbable !== now.tabbable ||
      next.enabled !== now.enabled
    );
  }

  /** @override @param {Props} props */
  render({ row, index, open, ticked, active, tabbable, onActivate }) {
    return html`
      <tr
        class=${`station${open ? " opened" : ""}${ticked ? " ticked" : ""}`}
        data-id=${row.id}
        data-active=${active || undefined}
        aria-rowindex=${index + 2}
        tabindex=${tabbable ? 0 : -1}
        onFocus=${() => onActivate(row.id)}
      >
        ${shownColumns.value.map(({ name, number }) => {
          const title = name === "worker" ? row.worker : undefined;
          return html`
            <td
              key=${name}
              class=${`col-${name}${number ? " number" : ""}`}
              title=${title}
            >${CELLS[name]?.(this.props)}</td>`;
        })}
      </tr>
    `;
  }
}

/**
 * What stands in each column.
 *
 * @type {Record<string, (props: Props) => import("../../vendor/runtime.js").ComponentChildren>}
 */
const CELLS = {
  tick: ({ row, ticked, tabbable }) => html`
    <input
      type="checkbox"
      checked=${ticked}
      tabindex=${tabbable ? 0 : -1}
      aria-label=${`Tick ${row.id}`}
      onClick=${(/** @type {MouseEvent} */ event) => {
        event.preventDefault();
        const range = event.shiftKey;
        // After the browser has put back what it had changed by itself.
        setTimeout(() => toggleTick(row.id, { range }));
      }}
    />`,
  station: ({ row, tabbable }) => html`
    <a href=${stationPath(row.id)} tabindex=${tabbable ? 0 : -1}>${row.id}</a>
    ${" "}<span class="muted">${row.profile}</span>`,
  status: ({ row }) =>
    html`<span class="state"><i class=${`swatch ${stateClass(row.state)}`}></i>${row.state}</span>`,
  connector: ({ row }) => html`<${Connectors} connectors=${row.connectors} />`,
  worker: ({ row }) => row.worker,
  power: ({ row }) => (row.powerW ? kilowatts(row.powerW) : html`<${None} />`),
  session: ({ row }) => (row.transactions ? kilowattHours(row.sessionWh * 1000) : html`<${None} />`),
  energy: ({ row }) => kilowattHours(row.energyMwh),
  earnings: ({ row }) => amount(row.earningsMicro / 1e6, currency.value),
  seen: ({ row }) => html`<${LastMessage} name=${row.lastMessage} at=${row.lastMessageAt} />`,
  actions: ({ row, open, enabled, tabbable }) => html`
    <div class="row-actions">
      <button
        type="button"
        class="small logs"
        tabindex=${tabbable ? 0 : -1}
        aria-expanded=${open}
        aria-label=${`Logs of ${row.id}`}
        onClick=${() => toggleLogOf(row.id)}
      ><${Icon} name="clipboard" /><span>Logs</span></button>
      <${Switch} id=${row.id} stopped=${row.state === "Stopped"} enabled=${enabled} tabbable=${tabbable} />
    </div>`,
};

const None = () => html`<span class="none">–</span>`;

/** @param {{id: string, stopped: boolean, enabled: boolean, tabbable: boolean}} props */
function Switch({ id, stopped, enabled, tabbable }) {
  const busy = switching.value.has(id);
  const verb = stopped ? "Start" : "Stop";
  return html`
    <button
      type="button"
      class=${`small square${busy ? " busy" : ""}`}
      tabindex=${tabbable ? 0 : -1}
      aria-label=${`${verb} ${id}`}
      title=${verb}
      aria-disabled=${busy || !enabled}
      onClick=${() => switchStation(id)}
    >
      <${Icon} name=${stopped ? "play" : "stop"} />
    </button>
  `;
}

/** @param {{connectors: string[]}} props */
function Connectors({ connectors }) {
  if (connectors.length === 0) return html`<${None} />`;
  const words = connectors.map((status, i) => `${i + 1} ${status}`).join(", ");
  return html`
    <span class="connectors" title=${words}>
      ${connectors.map(
        (status, i) => html`
          <i
            key=${i}
            class=${`outlet cs-${status.replace(/^(Suspended).*/, "$1").toLowerCase()}`}
            aria-hidden="true"
          >${i + 1}</i>`,
      )}
      <span class="unseen">${words}</span>
    </span>
  `;
}

/** @param {{name: string, at: number}} props */
function LastMessage({ name, at }) {
  if (!at) return html`<${None} />`;
  return html`<span title=${name}>${name}</span> <span class="muted age">${span(second.value - at)}</span>`;
}
