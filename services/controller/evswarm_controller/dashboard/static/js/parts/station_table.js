/** The table of stations: only the rows in sight stand in the page, the rest is height. Scrolls with the window. */

import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/runtime.js";
import { counted } from "../format.js";
import { aggregate, loaded, reachable } from "../model.js";
import { fleet, switchStation } from "../state/swarm.js";
import { answer, look, orderHeld, pointing, toggleLogOf, view } from "../state/swarm_view.js";
import { toast } from "../state/toasts.js";
import { isFiltered } from "../state/view.js";
import { scrollToShow, slice } from "../virtual.js";
import { ColumnHeader, shownColumns } from "./columns.js";
import { LogPanel, PANEL_HEIGHT } from "./log_panel.js";
import { requestScale } from "./scale_control.js";
import { ROW_HEIGHT, StationRow } from "./station_row.js";
import { TableTools } from "./table_tools.js";

const OVERSCAN = 6;

/**
 * Where the body stands in the window: pixels of it scrolled away under the sticky header, and pixels in sight.
 *
 * @param {HTMLElement} body
 */
function sight(body) {
  const head = body.previousElementSibling?.getBoundingClientRect();
  const rect = body.getBoundingClientRect();
  const from = Math.max(head?.bottom ?? 0, 0);
  return { top: Math.round(from - rect.top), height: Math.max(0, innerHeight - from) };
}

export function StationTable() {
  const { ids } = answer.value;
  const columns = shownColumns.value;
  const opened = view.value.log;
  const [active, setActive] = useState("");
  const [window_, setWindow] = useState({ top: 0, height: 900 });
  const body = useRef(/** @type {HTMLTableSectionElement | null} */ (null));
  const wrap = useRef(/** @type {HTMLDivElement | null} */ (null));
  const focusWanted = useRef(false);

  const positions = opened
    .map((id) => ids.indexOf(id))
    .filter((i) => i >= 0)
    .sort((a, b) => a - b);
  const geometry = { count: ids.length, rowHeight: ROW_HEIGHT, panelHeight: PANEL_HEIGHT, opened: positions };
  const part = slice(geometry, window_.top, window_.height, OVERSCAN);

  useEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      if (!body.current) return;
      const next = sight(body.current);
      // Half a screen of rows is rendered ahead, so not every pixel needs a new rendering.
      setWindow((old) =>
        Math.abs(old.top - next.top) < ROW_HEIGHT && old.height === next.height ? old : next,
      );
    };
    const soon = () => {
      frame ||= requestAnimationFrame(measure);
    };
    const grown = new ResizeObserver(soon);
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    grown.observe(document.body);
    measure();
    return () => {
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
      grown.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [loaded.value, ids.length === 0]);

  // Focus follows the active row; when that row is scrolled out of the page, the frame around the table keeps it.
  useLayoutEffect(() => {
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
    const id = ids[Math.min(Math.max(index, 0), ids.length - 1)];
    if (!id || !body.current) return;
    const { top, height } = sight(body.current);
    const distance = scrollToShow(geometry, ids.indexOf(id), top, height);
    if (distance !== 0) scrollBy({ top: distance, behavior: "instant" });
    focusWanted.current = true;
    setActive(id);
    setWindow(sight(body.current));
  };

  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = Boolean(target.closest("button, a"));
    const at = ids.indexOf(active);
    const page = Math.max(1, Math.floor(window_.height / ROW_HEIGHT) - 2);
    if (event.key === "ArrowDown" || event.key === "j") go(at + 1);
    else if (event.key === "ArrowUp" || event.key === "k") go(at - 1);
    else if (event.key === "PageDown") go(at + page);
    else if (event.key === "PageUp") go(at - page);
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(ids.length - 1);
    else if (at < 0) return;
    else if ((event.key === "Enter" && !onButton) || event.key === "l") toggleLogOf(active);
    else if (event.key === "s") void switchStation(active);
    else if (event.key === "Escape" && opened.includes(active)) {
      toggleLogOf(active);
      focusWanted.current = true;
    } else return;
    event.preventDefault();
  };

  const activate = useCallback((/** @type {string} */ id) => setActive(id), []);
  const first = ids.includes(active) ? active : (ids[part.start] ?? "");
  const shown = ids.slice(part.start, part.stop);

  return html`
    <section class="card stations" id="stations" aria-label="Stations">
      <${TableTools} />
      <div class="table-frame" ref=${wrap} tabindex="-1" onKeyDown=${onKey}>
        <table aria-rowcount=${ids.length + 1} aria-label="Stations">
          <thead>
            <tr aria-rowindex="1">${columns.map(
              (column) => html`
                <${ColumnHeader}
                  key=${column.name}
                  column=${column}
                />`,
            )}</tr>
          </thead>
          <tbody
            ref=${body}
            onPointerEnter=${() => (pointing.value = true)}
            onPointerLeave=${() => (pointing.value = false)}
          >
            ${
              part.before > 0 &&
              html`
                <tr
                  key="before"
                  class="spacer"
                  aria-hidden="true"
                  style=${{ height: `${part.before}px` }}
                ><td colspan=${columns.length}></td></tr>`
            }
            ${shown.flatMap((id, i) => {
              const row = fleet.rows.get(id);
              if (!row) return [];
              const open = opened.includes(id);
              const line = html`
                <${StationRow}
                  key=${id}
                  row=${row}
                  index=${part.start + i}
                  open=${open}
                  active=${id === active}
                  tabbable=${id === first}
                  enabled=${reachable.value}
                  onActivate=${activate}
                />`;
              return open
                ? [line, html`<${LogPanel} key=${`${id} log`} row=${row} span=${columns.length} />`]
                : [line];
            })}
            ${
              part.after > 0 &&
              html`
                <tr
                  key="after"
                  class="spacer"
                  aria-hidden="true"
                  style=${{ height: `${part.after}px` }}
                ><td colspan=${columns.length}></td></tr>`
            }
          </tbody>
        </table>
        <${Nothing} />
      </div>
      ${orderHeld.value && html`<p class="held" aria-hidden="true">Order held while you point at it</p>`}
    </section>
  `;
}

/** What stands in place of rows when there are none. */
function Nothing() {
  const [problem, setProblem] = useState("");
  if (answer.value.ids.length > 0) return null;
  if (!loaded.value) {
    return html`
      <div
        class="skeleton"
        role="status"
        aria-label="Loading stations"
      >${[...Array(8)].map((_, i) => html`<i key=${i}></i>`)}</div>`;
  }
  if (fleet.rows.size > 0 && isFiltered(view.value)) {
    return html`
      <div class="empty">
        <p>No station matches.</p>
        <button
          type="button"
          onClick=${() => look({ q: "", status: "", worker: "", profile: "" })}
        >Clear the filters</button>
      </div>`;
  }
  const coming = aggregate.value?.desired ?? 0;
  if (coming > 0)
    return html`<div class="empty" role="status"><p>${counted(coming, "station")} on the way…</p></div>`;
  const begin = async () => {
    const failure = await requestScale(10);
    setProblem(failure);
    if (!failure) toast("Starting 10 stations");
  };
  return html`
    <div class="empty">
      <p>No stations yet</p>
      <button
        type="button"
        class="primary"
        disabled=${!reachable.value}
        onClick=${begin}
      >Start 10 stations</button>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </div>`;
}
