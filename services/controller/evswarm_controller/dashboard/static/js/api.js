/** The calls that the page makes to the controller. Every one ends in time and fails with a sentence for the reader. */

const TIMEOUT_MS = 15_000;

export class ApiError extends Error {
  /** @param {string} message @param {number} status 0 when no answer came */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {object} [body] makes it a POST, or what `method` says
 * @param {{method?: string, timeoutMs?: number, heard?: (response: Response) => void}} [options] `heard` gets the answer
 *   with its headers before it is read
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function call(path, body, { method = "POST", timeoutMs = TIMEOUT_MS, heard } = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: { Accept: "application/json" },
      ...(body && {
        method,
        headers: { Accept: "application/json", "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new ApiError(
      late ? "The controller did not answer in time" : "The controller cannot be reached",
      0,
    );
  }
  heard?.(response);
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new ApiError(sentence(answer) || `The controller answered ${response.status}`, response.status);
}

/** What a problem document says, in one line. @param {any} problem */
function sentence(problem) {
  if (!problem || typeof problem !== "object") return "";
  const fields = Array.isArray(problem.errors)
    ? problem.errors.map((/** @type {any} */ e) => `${e.field}: ${e.message}`).join("; ")
    : "";
  return fields || problem.detail || problem.title || "";
}

/**
 * A station's newest lines and calls. `messages` says whether calls can be among them.
 *
 * @param {string} id
 * @returns {Promise<{logs: string[], entries?: any[], messages?: "kept" | "off" | "away"}>}
 */
export const fetchLogs = (id) => call(`/stations/${encodeURIComponent(id)}/logs`);

/**
 * @param {number} count
 * @param {{profile?: string, ramp?: number | null}} [options]
 * @returns {Promise<{operation_id: string, generation: number}>}
 */
export const scaleStations = (count, { profile, ramp } = {}) =>
  call("/stations/scale", { count, ...(profile && { profile }), ...(ramp && { ramp_per_second: ramp }) });

/**
 * What a command to many stations is about: a filter's values, or station ids one by one.
 *
 * @typedef {{station_ids: string[]} | Partial<import("./state/selection.js").Filter>} BulkFilter
 */

/**
 * How many stations a command to many would reach; nothing is done.
 *
 * @param {BulkFilter} filter
 * @param {string} action
 * @returns {Promise<{matches: number, active_transactions: number}>}
 */
export const previewBulk = (filter, action) => call("/stations/bulk", { filter, action, preview: true });

/**
 * Command many stations; the answer is the operation that tells how it goes.
 *
 * @param {BulkFilter} filter
 * @param {string} action start, stop, reconnect or the name of a hand action
 * @returns {Promise<{operation_id: string}>}
 */
export const startBulk = (filter, action) => call("/stations/bulk", { filter, action });

/** How far an operation has come: an OperationView. @param {string} id @returns {Promise<any>} */
export const fetchOperation = (id) => call(`/operations/${encodeURIComponent(id)}`);

/** @param {string} id @returns {Promise<any>} */
export const cancelOperation = (id) => call(`/operations/${encodeURIComponent(id)}/cancel`, {});

/** Command those stations again for which it failed. @param {string} id @returns {Promise<{operation_id: string}>} */
export const retryOperation = (id) => call(`/operations/${encodeURIComponent(id)}/retry`, {});

/**
 * What became of each station of an operation, a page of them.
 *
 * @param {string} id
 * @param {{outcome?: string, cursor?: string | null, limit?: number}} [options]
 * @returns {Promise<{items: {station_id: string, outcome: string, reason: string}[], next_cursor: string | null}>}
 */
export const fetchResults = (id, { outcome, cursor, limit = 100 } = {}) =>
  call(`/operations/${encodeURIComponent(id)}/results?${query({ outcome, cursor, limit })}`);

/**
 * A page of the history, newest first.
 *
 * @param {"logs" | "messages" | "days"} topic
 * @param {Record<string, string | number | null | undefined>} parameters those without a value are left out
 * @returns {Promise<{items: any[], next_cursor: string | null}>}
 */
export const fetchHistory = (topic, parameters) => call(`/history/${topic}?${query(parameters)}`);

/** Everything that the page shows, asked for one by one: for where there is no feed. @param {number} limit */
export const fetchSwarm = (limit) =>
  Promise.all([call(`/stations?limit=${limit}`), call("/totals"), call("/pricing"), call("/workers")]);

/** @param {Record<string, string | number | null | undefined>} values */
function query(values) {
  const set = Object.entries(values).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * Both answer with the station as it then is, or, where that takes longer, with the operation that follows it.
 *
 * @param {string} id
 * @returns {Promise<{operation_id?: string}>}
 */
export const startStation = (id) => call("/stations/start", { station_id: id });

/** @param {string} id @returns {Promise<{operation_id?: string}>} */
export const stopStation = (id) => call("/stations/stop", { station_id: id });

/**
 * What holds for the whole swarm: seconds of it in a real one, the grid's load from 0 to 1, g of CO2 a kWh.
 *
 * @typedef {{simulated_time: string, clock_factor: number, grid_load: number | null,
 *   carbon_intensity: number | null}} Conditions
 */

/** @returns {Promise<Conditions>} */
export const fetchConditions = () => call("/conditions");

/** @param {Partial<Conditions>} change @returns {Promise<Conditions>} */
export const changeConditions = (change) => call("/conditions", change, { method: "PATCH" });

/** @param {number} price @returns {Promise<{price: number}>} */
export const setPrice = (price) => call("/pricing", { price });
