/** A list of messages, newest first: a call and its answer in one row, which opens to both payloads. */

import { Component, html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { count, counted } from "../format.js";
import { pausedAt } from "../model.js";
import { stationPath } from "../state/route.js";
import { toast } from "../state/toasts.js";
import { fitting } from "../widths.js";
import { line, parts, pretty } from "./json_text.js";
import { keyOf } from "./message_log.js";

/** @typedef {import("../protocol.js").MessageRecord} MessageRecord */

const OUTCOMES = /** @type {const} */ ({
  answered: ["good", "answered"],
  error: ["bad", "CALLERROR"],
  unanswered: ["warn", "no answer"],
  malformed: ["bad", "malformed"],
});

/** What is said where not every message is recorded; the settings are EVSWARM_HISTORY_MESSAGES and its neighbours. */
const KEPT = {
  sampled:
    "Only a sample of the messages is recorded (EVSWARM_HISTORY_MESSAGES=sampled), and whatever went wrong.",
  errors: "Only what went wrong is recorded (EVSWARM_HISTORY_MESSAGES=errors).",
  off: "No messages are recorded (EVSWARM_HISTORY_MESSAGES=off).",
};

/** @typedef {{name: string, label: string, number?: boolean, from?: number}} Column */

/** @type {readonly Column[]} */
const COLUMNS = [
  { name: "time", label: "Time" },
  { name: "action", label: "Message" },
  { name: "station", label: "Station" },
  { name: "outcome", label: "Outcome" },
  { name: "took", label: "Round trip", number: true, from: 640 },
  { name: "line", label: "Payload", from: 860 },
];
/** The columns that the page has room for, with and without the station's; an opened message has everything. */
const WITH_STATIONS = fitting(COLUMNS);
const OF_ONE_STATION = fitting(COLUMNS.filter(({ name }) => name !== "station"));

/**
 * @param {object} props
 * @param {import("./tail.js").Tail} props.tail
 * @param {string} props.label what the table is called
 * @param {boolean} [props.stations] whether rows name their station
 */
export function MessageList({ tail, label, stations = false }) {
  const [open, setOpen] = useState("");
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  // Parts are drawn anew when a signal that they read changes, and the tail itself stays the same object.
  const version = tail.version.value;
  const columns = (stations ? WITH_STATIONS : OF_ONE_STATION).value;
  const records = tail.log.records();
  // What is being read stays where it is, however fast others come.
  const reading = records.some((record) => keyOf(record) === open);
  useEffect(() => {
    if (!reading || !tail.live || tail.log.paused) return;
    tail.pause(true);
    return () => {
      if (!pausedAt.peek()) tail.pause(false);
    };
  }, [reading, tail]);
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const found = body.current?.querySelectorAll("button.message") ?? [];
    const buttons = /** @type {HTMLElement[]} */ ([...found]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    buttons[at + step]?.focus();
    event.preventDefault();
  };
  return html`
    <div class="message-list">
      <${Notice} tail=${tail} version=${version} shown=${records.length} />
      ${
        records.length > 0 &&
        html`
        <table aria-label=${label} class=${stations ? "with-stations" : ""}>
          <thead>
            <tr>
              ${columns.map(
                ({ name, label: text, number }) =>
                  html`<th key=${name} scope="col" class=${`msg-${name}${number ? " number" : ""}`}>${text}</th>`,
              )}
            </tr>
          </thead>
          <tbody ref=${body} onKeyDown=${onKey}>
            ${records.map((record) => {
              const key = keyOf(record);
              return html`
                <${Row}
                  key=${key}
                  record=${record}
                  columns=${columns}
                  open=${open === key}
                  onToggle=${() => setOpen((before) => (before === key ? "" : key))}
                />`;
            })}
          </tbody>
        </table>`
      }
      <${Older} tail=${tail} version=${version} shown=${records.length} />
    </div>
  `;
}

/**
 * A message does not change, so its row is drawn once for each way it is shown.
 *
 * @typedef {{record: MessageRecord, columns: readonly Column[], open: boolean, onToggle: () => void}} RowProps
 * @extends {Component<RowProps>}
 */
class Row extends Component {
  /** @override @param {RowProps} next */
  shouldComponentUpdate(next) {
    const { record, open, columns } = /** @type {RowProps} */ (this.props);
    return next.record !== record || next.open !== open || next.columns !== columns;
  }

  /** @override @param {RowProps} props */
  render(props) {
    const { record, columns, open } = props;
    return html`
      <tr class=${open ? "open" : ""}>
        ${columns.map(
          ({ name, number }) =>
            html`<td key=${name} class=${`msg-${name}${number ? " number" : ""}`}>${CELLS[name]?.(props)}</td>`,
        )}
      </tr>
      ${
        open &&
        html`
        <tr class="msg-detail">
          <td colspan=${columns.length}><${Detail} record=${record} /></td>
        </tr>`
      }
    `;
  }
}

/** @type {Record<string, (props: RowProps) => import("../../vendor/runtime.js").ComponentChildren>} */
const CELLS = {
  time: ({ record }) => html`<time datetime=${record.at} title=${record.at}>${clock(record.at)}</time>`,
  action: ({ record, open, onToggle }) => {
    const out = record.direction === "from_station";
    return html`
      <button type="button" class="message" aria-expanded=${open} onClick=${onToggle}>
        <span class=${`way ${out ? "out" : "in"}`} aria-hidden="true">${out ? "→" : "←"}</span>
        <span>${record.action || "?"}</span>
        <span class="unseen">${out ? "from the station" : "to the station"}</span>
      </button>`;
  },
  station: ({ record }) => html`<a href=${stationPath(record.station_id)}>${record.station_id}</a>`,
  outcome: ({ record }) => {
    const [tone, word] = OUTCOMES[record.outcome] ?? ["warn", record.outcome];
    return html`<span class=${`verdict ${tone}`}>${record.error_code || word}</span>`;
  },
  took: ({ record }) => took(record.round_trip_ms),
  line: ({ record }) => line(record.request),
};

/** @param {{record: MessageRecord}} props */
function Detail({ record }) {
  const answered = record.outcome === "answered";
  const facts = [
    ["Message id", record.unique_id || "–"],
    ["At", record.at],
    ["Seen by", record.side === "csms" ? "our central system" : "the station"],
    ["Round trip", took(record.round_trip_ms)],
    ...(record.error_code ? [["Error", record.error_code]] : []),
  ];
  return html`
    <dl class="facts">
      ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    <div class="payloads">
      <${Payload} title=${record.outcome === "malformed" ? "What came" : "Request"} value=${record.request} />
      ${
        record.outcome === "unanswered" || record.outcome === "malformed"
          ? html`<p class="muted">There is no answer.</p>`
          : html`<${Payload} title=${answered ? "Answer" : "Error answer"} value=${record.response} />`
      }
    </div>
  `;
}

/** @param {{title: string, value: unknown}} props */
export function Payload({ title, value }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(pretty(value));
      toast(`${title} copied`);
    } catch {
      toast("The browser does not let this page copy", "error");
    }
  };
  return html`
    <section class="payload" aria-label=${title}>
      <div class="payload-head">
        <strong>${title}</strong>
        <button type="button" class="small" aria-label=${`Copy ${title.toLowerCase()}`} onClick=${copy}>Copy</button>
      </div>
      <pre tabindex="0" role="group" aria-label=${`${title} as JSON`}>${parts(value).map(({ text, kind }) =>
        kind === "plain" ? text : html`<span class=${`json-${kind}`}>${text}</span>`,
      )}</pre>
    </section>
  `;
}

/** @param {{tail: import("./tail.js").Tail, version: number, shown: number}} props */
function Notice({ tail, shown }) {
  const { log } = tail;
  const waiting = log.held.size;
  return html`
    <div class="messages-head">
      <p class="muted" role="status">
        ${counted(shown, "message")}${
          tail.live
            ? log.paused
              ? `, paused${waiting > 0 ? `: ${counted(waiting, "more has", "more have")} come` : ""}`
              : ", live"
            : ", from the history"
        }${log.skipped > 0 && `; ${count(log.skipped)} came too fast to show`}
      </p>
      <span class="grow"></span>
      ${
        tail.live &&
        html`
        <button type="button" class="small" aria-pressed=${log.paused} onClick=${() => tail.pause(!log.paused)}>
          ${log.paused ? "Go on" : "Pause"}
        </button>`
      }
    </div>
    ${tail.recorded && tail.kept !== "all" && html`<p class="muted">${KEPT[tail.kept]}</p>`}
    ${!tail.recorded && html`<p class="muted">The history is off, so no messages are recorded; EVSWARM_HISTORY turns it on.</p>`}
  `;
}

/** @param {{tail: import("./tail.js").Tail, version: number, shown: number}} props */
function Older({ tail, shown }) {
  if (tail.problem) {
    return html`
      <p class="problem" role="alert">
        ${tail.problem} <button type="button" class="small" onClick=${() => tail.older()}>Try again</button>
      </p>`;
  }
  if (!tail.searchable) return null;
  if (tail.log.cursor === null) {
    return html`<p class="muted">${shown === 0 ? `No message matches${tail.live ? " yet" : ""}.` : "This is where the history begins."}</p>`;
  }
  return html`
    <button type="button" class="small" disabled=${tail.fetching} onClick=${() => tail.older()}>
      ${tail.fetching ? "Looking…" : "Older"}
    </button>`;
}

/** @param {number | null} milliseconds */
const took = (milliseconds) =>
  milliseconds === null ? "–" : `${milliseconds < 10 ? milliseconds.toFixed(1) : count(milliseconds)} ms`;

/** Time of day with milliseconds, where the reader is. @param {string} at RFC 3339 */
function clock(at) {
  const time = new Date(at);
  const today = new Date().toDateString() === time.toDateString();
  const clockTime = `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  return today ? clockTime : `${time.toLocaleDateString("en-CA")} ${clockTime}`;
}
