/**
 * The shapes that the controller sends, as types: the feed of live.schema.json and the answers of the API.
 * Types only; nothing runs here but the names of the columns that the page reads.
 */

/**
 * @typedef {Record<string, number>} Tally
 *
 * @typedef {object} Aggregate The swarm in numbers; energy in mWh, money in millionths of the currency.
 * @property {number} stations
 * @property {number} desired
 * @property {number} count the numbered ones of them
 * @property {string} id_prefix what the ids of the numbered ones begin with
 * @property {number} running
 * @property {number} charging
 * @property {number} transactions
 * @property {number} power_w
 * @property {number} energy_mwh
 * @property {number} earnings_micro
 * @property {number} price
 * @property {number} price_version
 * @property {Tally} states
 * @property {Tally} profiles
 * @property {Tally} workers
 * @property {number} generation
 * @property {boolean} store
 * @property {number | null} [store_lost_at] set for a while after the store lost what it held
 * @property {number} messages_per_second
 * @property {number | null} round_trip_p95_ms null where nothing was answered lately
 * @property {string[]} lost_workers ids of those whose stations are being taken over
 *
 * @typedef {Array<any>} WireRow
 *
 * @typedef {object} Row One station, as an object so that a column's position is nobody's business but the decoder's.
 * @property {string} id
 * @property {string} state
 * @property {string[]} connectors
 * @property {string} worker
 * @property {string} profile
 * @property {boolean} running
 * @property {number} transactions
 * @property {number} powerW
 * @property {number} sessionWh
 * @property {number} energyMwh
 * @property {number} earningsMicro
 * @property {string} lastMessage
 * @property {number} lastMessageAt
 *
 * @typedef {{fields: string[], points: number[][]}} Trend
 *
 * @typedef {object} HelloFrame
 * @property {"hello"} type
 * @property {number} v
 * @property {string} version
 * @property {string} epoch
 * @property {number} seq
 * @property {number} tick
 * @property {string[]} fields
 * @property {string} currency
 * @property {string[]} states
 * @property {string[]} profiles
 * @property {Trend} trend
 * @property {number} [window_above] beyond so many stations the mode is window
 * @property {"all" | "window"} [mode] whether all stations are sent, or those asked for with a window
 * @property {string | null} [grafana] where Grafana is
 * @property {boolean} [history] whether there is a historian to ask
 *
 * @typedef {{type: "snapshot", seq: number, part: number, parts: number, rows: WireRow[], agg?: Aggregate}} SnapshotFrame
 * @typedef {{type: "patch", seq: number, t: number, agg: Aggregate, rows?: WireRow[], add?: WireRow[], del?: string[]}} PatchFrame
 * @typedef {{type: "log", id: string, events: string[], entries?: any[], calls?: MessageRecord[]}} LogFrame
 *   `entries`: the whole kept log; `calls`: those that came since the frame before
 *
 * @typedef {object} OpFrame
 * @property {"op"} type
 * @property {string} id
 * @property {string} kind
 * @property {string} [action] what a bulk operation does to each station
 * @property {boolean} [cancelling] it was cancelled and waits for what had begun
 * @property {"running" | "succeeded" | "failed" | "superseded" | "cancelled"} state
 * @property {number} done
 * @property {number} total
 * @property {number} failed
 * @property {string} message
 * @property {number} created_at
 * @property {number} updated_at
 *
 * @typedef {{type: "resync", reason: string}} ResyncFrame
 *
 * @typedef {object} MessageRecord A call with its answer, as `GET /history/messages` gives it too (docs/history.md).
 * @property {string} at when the call passed, RFC 3339
 * @property {string} station_id
 * @property {string} side
 * @property {"from_station" | "to_station"} direction
 * @property {string} action
 * @property {string} unique_id
 * @property {"answered" | "error" | "unanswered" | "malformed"} outcome
 * @property {string} error_code
 * @property {number | null} round_trip_ms
 * @property {any} request
 * @property {any} response
 * @property {string} [id] in the history
 * @property {string} [run_id] in the history
 *
 * @typedef {{station?: string, worker?: string, action?: string, direction?: string, kind?: string,
 *   errors?: boolean, text?: string}} MessageFilter
 * @typedef {{type: "messages", items: MessageRecord[], skipped: number,
 *   kept?: "all" | "sampled" | "errors" | "off"}} MessagesFrame
 *   `skipped`: how many matched beside those sent; `kept`: which messages are recorded at all
 *
 * @typedef {object} WindowFrame The stations in sight, where there are too many to send all.
 * @property {"window"} type
 * @property {number} seq
 * @property {number} offset
 * @property {number} total
 * @property {WireRow[]} rows
 * @property {{states: Tally, workers: Tally, profiles: Tally}} facets
 * @property {string} [problem] why nothing is found: the filter makes no sense
 *
 * @typedef {HelloFrame | SnapshotFrame | PatchFrame | LogFrame | OpFrame | ResyncFrame | MessagesFrame
 *   | WindowFrame} ServerFrame
 *
 * @typedef {{q: string, status: string, worker: string, profile: string, sort: string, dir: string, offset: number,
 *   limit: number}} WindowQuery
 * @typedef {{type: "hello", epoch?: string, seq?: number} | {type: "sub" | "unsub", log: string}
 *   | {type: "sub", messages: MessageFilter} | {type: "unsub", messages: true} | ({type: "window"} & WindowQuery)
 *   | {type: "rate", hz: number} | {type: "resync"}} ClientFrame
 */

/** Version of the feed that this page understands. */
export const PROTOCOL_VERSION = 1;

const COLUMNS = /** @type {const} */ ([
  "station_id",
  "state",
  "connectors",
  "worker_id",
  "profile",
  "running",
  "transactions",
  "power_w",
  "session_wh",
  "energy_mwh",
  "earnings_micro",
  "last_message",
  "last_message_at",
]);

/**
 * A decoder for rows whose columns stand in the order of `fields` (the hello frame's).
 *
 * @param {string[]} fields
 * @returns {(wire: WireRow) => Row}
 * @throws {Error} when a column that the page shows is missing
 */
export function rowDecoder(fields) {
  const at = /** @type {Record<typeof COLUMNS[number], number>} */ ({});
  for (const name of COLUMNS) {
    at[name] = fields.indexOf(name);
    if (at[name] < 0) throw new Error(`the feed has no column ${name}`);
  }
  return (wire) => ({
    id: wire[at.station_id],
    state: wire[at.state],
    connectors: wire[at.connectors],
    worker: wire[at.worker_id],
    profile: wire[at.profile],
    running: wire[at.running],
    transactions: wire[at.transactions],
    powerW: wire[at.power_w],
    sessionWh: wire[at.session_wh],
    energyMwh: wire[at.energy_mwh],
    earningsMicro: wire[at.earnings_micro],
    lastMessage: wire[at.last_message],
    lastMessageAt: wire[at.last_message_at],
  });
}
