/**
 * What a station's log consists of: lines that the station wrote, and OCPP calls with their answers. Brings what the
 * API, the feed and the history send into one shape, and picks what is to be shown. Pure.
 *
 * @typedef {object} Call a CALL and what became of it
 * @property {string} direction from_station or to_station: who called
 * @property {string} action
 * @property {string} outcome answered, error, unanswered or malformed
 * @property {number | null} roundTripMs null without an answer
 * @property {string} errorCode
 * @property {string} uniqueId
 * @property {unknown} request
 * @property {unknown} response
 *
 * @typedef {object} Entry
 * @property {string} key the same for the same entry wherever it came from
 * @property {number} at unix seconds; 0 where the server does not know
 * @property {string} time HH:MM:SS of the station's clock, or of ours for calls
 * @property {string} kind
 * @property {string} level info, warning or error
 * @property {string} text
 * @property {Call | null} call
 *
 * @typedef {"all" | "lines" | "from_station" | "to_station" | "problems"} Show
 * @typedef {{show: Show, action: string, text: string}} LogFilter
 */

/** @type {LogFilter} */
export const EVERYTHING = Object.freeze({ show: "all", action: "", text: "" });

/**
 * "[HH:MM:SS] message" in its two parts; a line of another form is all text.
 *
 * @param {string} line
 */
export function parseLine(line) {
  const parts = /^\[(\d\d:\d\d:\d\d)\] (.*)$/s.exec(line);
  return parts ? { time: parts[1] ?? "", text: parts[2] ?? "" } : { time: "", text: line };
}

/** @param {unknown} at unix seconds, or RFC 3339 */
const seconds = (at) =>
  typeof at === "number" ? at : typeof at === "string" ? Date.parse(at) / 1000 || 0 : 0;

/** @param {number} at */
const clock = (at) => (at ? new Date(at * 1000).toISOString().slice(11, 19) : "");

/**
 * One entry as a log, the feed or the history sends it.
 *
 * @param {any} raw
 * @returns {Entry}
 */
export function entryOf(raw) {
  const at = seconds(raw.at);
  if (raw.action === undefined) {
    const line = parseLine(raw.text);
    const time = raw.time ?? line.time;
    return {
      key: `${time} ${at.toFixed(3)} ${line.text}`,
      at,
      time,
      kind: raw.kind ?? "other",
      level: raw.level ?? "info",
      text: line.text,
      call: null,
    };
  }
  const failed = raw.outcome === "error" || raw.outcome === "malformed";
  return {
    key: `call ${raw.id}`,
    at,
    time: raw.time || clock(at),
    kind: "call",
    level: raw.level ?? (failed ? "error" : raw.outcome === "unanswered" ? "warning" : "info"),
    text: raw.text ?? "",
    call: {
      direction: raw.direction,
      action: raw.action,
      outcome: raw.outcome,
      roundTripMs: raw.round_trip_ms,
      errorCode: raw.error_code ?? "",
      uniqueId: raw.unique_id ?? "",
      request: raw.request,
      response: raw.response,
    },
  };
}

/**
 * A log as the API answers or the feed sends it, brought into the order newest first; a server that knows lines only
 * is understood too.
 *
 * @param {{entries?: any[], logs?: string[], events?: string[]}} body newest last
 * @returns {Entry[]}
 */
export function entriesOf(body) {
  const entries = body.entries
    ? body.entries.map(entryOf)
    : (body.logs ?? body.events ?? []).map((line, i) => ({
        ...entryOf({ text: line }),
        key: `${i} ${line}`,
      }));
  // A line whose moment is not known stands where it was written: at that of the entry before it.
  let last = 0;
  for (const entry of entries) last = entry.at ||= last;
  return entries.reverse();
}

/**
 * Entries of two lists, newest first, each once.
 *
 * @param {readonly Entry[]} newer
 * @param {readonly Entry[]} older
 */
export function merged(newer, older) {
  /** @type {Map<string, Entry>} */
  const byKey = new Map();
  for (const entry of [...newer, ...older]) if (!byKey.has(entry.key)) byKey.set(entry.key, entry);
  // Stable: of the same moment, the order in which they came stands.
  return [...byKey.values()].sort((a, b) => b.at - a.at);
}

/** @param {Entry} entry @param {LogFilter} filter */
export function matches({ kind, level, text, call }, filter) {
  if (filter.show === "lines" && call) return false;
  if (filter.show === "problems" && level === "info") return false;
  if ((filter.show === "from_station" || filter.show === "to_station") && call?.direction !== filter.show)
    return false;
  if (filter.action && call?.action !== filter.action) return false;
  const needle = filter.text.trim().toLowerCase();
  if (!needle) return true;
  const words = call
    ? `${call.action} ${call.uniqueId} ${call.errorCode} ${JSON.stringify(call.request)} ${JSON.stringify(call.response)}`
    : `${kind} ${text}`;
  return words.toLowerCase().includes(needle);
}

/** The actions that occur, in alphabetical order. @param {readonly Entry[]} entries */
export const actionsIn = (entries) =>
  [...new Set(entries.flatMap(({ call }) => (call ? [call.action] : [])))].sort();

/** What the export of a log is asked for with, so that it holds what is shown. @param {LogFilter} filter */
export function exportQuery({ show, action, text }) {
  const query = new URLSearchParams();
  if (show === "from_station" || show === "to_station") query.set("direction", show);
  if (action) query.set("action", action);
  if (text.trim()) query.set("text", text.trim());
  return query.toString();
}
