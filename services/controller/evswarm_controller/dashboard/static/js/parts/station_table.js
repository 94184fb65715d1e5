/** The table of stations: only the rows in sight stand in the page, the rest is height. Scrolls with the window. */

import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/runtime.js";
import { loaded, reachable } from "../model.js";
import { navigate } from "../router.js";
import { stationPath } from "../state/route.js";
import { isNothing, isTicked } from "../state/selection.js";
import { rowOf, switchStation, windowed } from "../state/swarm.js";
import { answer, askWindow, orderHeld, pointing, toggleLogOf, view } from "../state/swarm_view.js";
import { selection, toggleTick } from "../state/ticked.js";
import { scrollToShow, slice } from "../virtual.js";
import { BulkBar } from "./bulk_bar.js";
import { ColumnHeader, shownColumns } from "./columns.js";
import { LogPanel, PANEL_HEIGHT } from "./log_panel.js";
import { NoStations } from "./no_stations.js";
import { sight, useSight } from "./sight.js";
import { ROW_HEIGHT, StationRow } from "./station_row.js";
import { TableTools } from "./table_tools.js";

const OVERSCAN = 6;

export function StationTable() {
  const { total, idAt, indexOf } = answer.value;
  const columns = shownColumns.value;
  const opened = view.value.log;
  const [active, setActive] = useState("");
  const body = useRef(/** @type {HTMLTableSectionElement | null} */ (null));
  const wrap = useRef(/** @type {HTMLDivElement | null} */ (null));
  const focusWanted = useRef(false);
  /** A position to go to whose row has not come yet. */
  const awaited = useRef(-1);
  const [seen, look] = useSight(body, ROW_HEIGHT, [loaded.value, total === 0]);

  const positions = opened
    .map(indexOf)
    .filter((i) => i >= 0)
    .sort((a, b) => a - b);
  const geometry = { count: total, rowHeight: ROW_HEIGHT, panelHeight: PANEL_HEIGHT, opened: positions };
  const part = slice(geometry, seen.top, seen.height, OVERSCAN);

  useEffect(() => askWindow(part.start, part.stop), [part.start, part.stop, view.value, windowed.value]);

  // Focus follows the active row; when that row is scrolled out of the page, the frame around the table keeps it.
  useLayoutEffect(() => {
    if (awaited.current >= 0) {
      const arrived = idAt(awaited.current);
      if (!arrived) return;
      awaited.current = -1;
      setActive(arrived);
      return;
    }
    const row = /** @type {HTMLElement | null | undefined} */ (
      body.current?.querySelector("tr[data-active]")
    );
    if (focusWanted.current && row) {
      focusWanted.current = false;
      row.focus({ preventScroll: true });
    } else if (active && !row && document.activeElement === document.body)
      wrap.current?.focus({ preventScroll: true });
  });

  /** @param {number} index */
  const go = (index) => {
    const target = Math.min(Math.max(index, 0), total - 1);
    if (target < 0 || !body.current) return;
    const { top, height } = sight(body.current);
    const distance = scrollToShow(geometry, target, top, height);
    if (distance !== 0) scrollBy({ top: distance, behavior: "instant" });
    focusWanted.current = true;
    const id = idAt(target);
    if (id) setActive(id);
    else awaited.current = target;
    look();
  };

  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input:not([type=checkbox]), select, dialog, .bulk")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const log = /** @type {HTMLElement | null} */ (target.closest(".log-row")?.previousElementSibling);
    if (log) {
      const id = log.dataset.id;
      if (event.key !== "Escape" || !id) return;
      toggleLogOf(id);
      setActive(id);
      focusWanted.current = true;
      return event.preventDefault();
    }
    const onButton = Boolean(target.closest("button, a"));
    const at = active ? indexOf(active) : -1;
    const page = Math.max(1, Math.floor(seen.height / ROW_HEIGHT) - 2);
    if (event.key === "ArrowDown" || event.key === "j") go(at + 1);
    else if (event.key === "ArrowUp" || event.key === "k") go(at - 1);
    else if (event.key === "PageDown") go(at + page);
    else if (event.key === "PageUp") go(at - page);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(total - 1);
    else if (at < 0) return;
    else if ((event.key === "Enter" && !onButton) || event.key === "l") toggleLogOf(active);
    else if (event.key === "s") void switchStation(active);
    else if (event.key === "x") toggleTick(active);
    else if (event.key === "o") navigate(stationPath(active));
    else if (event.key === "Escape" && opened.includes(active)) {
      toggleLogOf(active);
      focusWanted.current = true;
    } else return;
    event.preventDefault();
  };

  const activate = useCallback((/** @type {string} */ id) => setActive(id), []);
  const firstTabbable = active && indexOf(active) >= 0 ? active : idAt(part.start);

  return html`
    <section
      class=${`card stations${isNothing(selection.value) ? "" : " ticking"}`}
      id="stations"
      aria-label="Stations"
    >
      <${TableTools} />
      <${BulkBar} />
      <div class="table-frame" ref=${wrap} tabindex="-1" onKeyDown=${onKey}>
        <table aria-rowcount=${total + 1} aria-label="Stations">
          <thead>
            <tr aria-rowindex="1">
              ${columns.map((column) => html`<${ColumnHeader} key=${column.name} column=${column} />`)}
            </tr>
          </thead>
          <tbody
            ref=${body}
            onPointerEnter=${() => (pointing.value = true)}
            onPointerLeave=${() => (pointing.value = false)}
          >
            <${Spacer} key="before" height=${part.before} columns=${columns.length} />
            ${Array.from({ length: part.stop - part.start }, (_, i) => {
              const index = part.start + i;
              const id = idAt(index);
              const row = id && rowOf(id);
              if (!row) {
                return html`
                  <tr key=${`at ${index}`} class="station coming" aria-rowindex=${index + 2}>
                    <td colspan=${columns.length}><span class="unseen">Loading</span></td>
                  </tr>`;
              }
              const open = opened.includes(id);
              return [
                html`
                  <${StationRow}
                    key=${id}
                    row=${row}
                    index=${index}
                    open=${open}
                    ticked=${isTicked(selection.value, id)}
                    active=${id === active}
                    tabbable=${id === firstTabbable}
                    enabled=${reachable.value}
                    onActivate=${activate}
                  />`,
                open && html`<${LogPanel} key=${`${id} log`} row=${row} span=${columns.length} />`,
              ];
            }).flat()}
            <${Spacer} key="after" height=${part.after} columns=${columns.length} />
          </tbody>
        </table>
        <${NoStations} />
      </div>
      ${orderHeld.value && html`<p class="held" aria-hidden="true">Order held while you point at it</p>`}
    </section>
  `;
}

/** The height of the rows that are left out. @param {{height: number, columns: number}} props */
const Spacer = ({ height, columns }) =>
  height > 0 &&
  html`
    <tr
      class="spacer"
      aria-hidden="true"
      style=${{ height: `${height}px` }}
    ><td colspan=${columns}></td></tr>`;
