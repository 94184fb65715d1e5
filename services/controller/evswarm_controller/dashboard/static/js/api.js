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

/** @param {string} id @returns {Promise<{station_id: string, logs: string[], count: number}>} */
export const fetchLogs = (id) => call(`/stations/${encodeURIComponent(id)}/logs`);

/**
 * @param {number} count
 * @param {{profile?: string, ramp?: number | null}} [options]
 * @returns {Promise<{operation_id: string, generation: number}>}
 */
export const scaleStations = (count, { profile, ramp } = {}) =>
  call("/stations/scale", { count, ...(profile && { profile }), ...(ramp && { ramp_per_second: ramp }) });

/** @param {string} id */
export const startStation = (id) => call("/stations/start", { station_id: id });

/** @param {string} id */
export const stopStation = (id) => call("/stations/stop", { station_id: id });

/** @param {number} price @returns {Promise<{price: number}>} */
export const setPrice = (price) => call("/pricing", { price });
