/**
 * The shapes of `GET /stations/{id}/detail` and of the forms, and what can be read off them. Pure.
 *
 * @typedef {object} Car
 * @property {number} soc_percent
 * @property {number} target_soc_percent
 * @property {number} capacity_kwh
 * @property {number} max_power_kw
 * @property {number} phases
 * @property {number} phases_in_use
 * @property {number | null} seconds_to_target
 *
 * @typedef {{reservation_id: number, id_tag: string | null, expires_at: string}} Reservation
 *
 * @typedef {object} Transaction
 * @property {number | null} transaction_id
 * @property {"started" | "confirmed" | "refused" | "lost"} state
 * @property {string | null} id_tag
 * @property {string} started_at
 * @property {number} meter_start_wh
 * @property {number} energy_kwh
 * @property {number | null} granted_kw
 *
 * @typedef {object} Connector
 * @property {number} connector_id
 * @property {string} status
 * @property {string} error_code
 * @property {boolean} operative
 * @property {boolean} plugged
 * @property {"none" | "asked" | "authorized"} tag_state
 * @property {string | null} id_tag
 * @property {string} waits_for
 * @property {number} power_kw
 * @property {number | null} limit_kw
 * @property {number} energy_kwh
 * @property {number} earnings
 * @property {Car | null} car
 * @property {Transaction | null} transaction
 * @property {Reservation | null} reservation
 * @property {string | null} next_arrival_at
 *
 * @typedef {object} ConfigurationKey
 * @property {string} key
 * @property {string | null} value
 * @property {boolean} readonly
 * @property {boolean} write_only
 * @property {boolean} changed
 * @property {boolean} reboot_required
 *
 * @typedef {{installed_at: string, request: any}} InstalledProfile
 * @typedef {{connector_id: number, starts_at: string, duration_seconds: number,
 *   periods: {start_seconds: number, limit_kw: number}[]}} Schedule
 *
 * @typedef {object} Detail
 * @property {string} station_id
 * @property {string} status
 * @property {string} error_code of the station as a whole
 * @property {string} at
 * @property {string} simulated_at
 * @property {string} worker_id
 * @property {string} profile
 * @property {string} vendor
 * @property {string} model
 * @property {string} current
 * @property {number} phases
 * @property {number} max_power_kw
 * @property {string} link
 * @property {string | null} connected_since
 * @property {string | null} next_attempt_at
 * @property {boolean} autonomous
 * @property {boolean} operative
 * @property {number} clock_offset_seconds
 * @property {number} waiting_messages
 * @property {{profile: number, password_set: boolean, trusted_roots: number, certificate_valid_until: string | null}} security
 * @property {{version: string, update: {stage: string, from_host: string, signed: boolean, status: string | null} | null}} firmware
 * @property {{what: string, to_host: string, status: string | null, over: boolean}[]} uploads
 * @property {Reservation | null} reservation
 * @property {{version: number, entries: number} | null} local_list
 * @property {number} cached_tags
 * @property {Connector[]} connectors
 * @property {ConfigurationKey[]} configuration
 * @property {InstalledProfile[]} charging_profiles
 * @property {Schedule[]} schedules
 */

/** How a station's connection is told to people. @type {Record<string, string>} */
export const LINKS = {
  off: "switched off",
  down: "not connected; it will try again",
  cut: "cut off from the network",
  connecting: "connecting",
  registering: "connected, not yet accepted",
  pending: "told to wait (Pending)",
  rejected: "turned away (Rejected)",
  accepted: "connected and accepted",
};

/** @type {Record<number, string>} */
export const SECURITY_PROFILES = {
  0: "none",
  1: "Basic authentication",
  2: "TLS with Basic authentication",
  3: "TLS with client certificate",
};

/**
 * The columns of a chart of a composite schedule: a limit holds until the next one, the last to the end.
 *
 * @param {Schedule} schedule
 * @returns {[number[], (number | null)[]]}
 */
export function scheduleColumns(schedule) {
  const begin = Date.parse(schedule.starts_at) / 1000;
  const times = schedule.periods.map(({ start_seconds }) => begin + start_seconds);
  const limits = schedule.periods.map(({ limit_kw }) => limit_kw);
  if (times.length > 0) {
    times.push(begin + schedule.duration_seconds);
    limits.push(/** @type {number} */ (limits.at(-1)));
  }
  return [times, limits];
}

/**
 * A charging profile in words.
 *
 * @param {any} request SetChargingProfile
 * @returns {{title: string, where: string, when: string, limits: string}}
 */
export function profileWords(request) {
  const profile = request.csChargingProfiles;
  const schedule = profile.chargingSchedule;
  const unit = schedule.chargingRateUnit;
  const shown = schedule.chargingSchedulePeriod.slice(0, 4).map((/** @type {any} */ period) => {
    const phases = period.numberPhases ? ` on ${period.numberPhases} ph` : "";
    return `${clockSpan(period.startPeriod)} ${period.limit} ${unit}${phases}`;
  });
  const more = schedule.chargingSchedulePeriod.length - shown.length;
  return {
    title: `${profile.chargingProfilePurpose} ${profile.chargingProfileId}`,
    where: request.connectorId === 0 ? "whole station" : `connector ${request.connectorId}`,
    when: [
      profile.chargingProfileKind,
      profile.recurrencyKind,
      profile.validFrom && `from ${profile.validFrom}`,
      profile.validTo && `until ${profile.validTo}`,
      profile.transactionId !== undefined && `transaction ${profile.transactionId}`,
    ]
      .filter(Boolean)
      .join(", "),
    limits: `${shown.join(" · ")}${more > 0 ? ` · ${more} more` : ""}`,
  };
}

/** Seconds after the beginning of a schedule: "+0:00", "+26:30". @param {number} seconds */
const clockSpan = (seconds) =>
  `+${Math.floor(seconds / 3600)}:${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}`;

/**
 * An example that fits this station as it is: its open transaction, its outlets, times still to come.
 *
 * @param {any} example
 * @param {Detail | null} detail
 * @param {number} now unix seconds, of the station's clock as far as known
 */
export function suggested(example, detail, now) {
  const later = new Date((Math.floor(now / 60) + 60) * 60_000).toISOString();
  const open = detail?.connectors.find(({ transaction }) => transaction)?.transaction;
  /** @param {any} value @param {string} name @returns {any} */
  const fit = (value, name) => {
    if (Array.isArray(value)) return value.map((each) => fit(each, ""));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fit(each, key)]));
    }
    if (name === "transactionId") return open?.transaction_id ?? value;
    if (name === "expiryDate" || name.startsWith("retrieveDate")) return later;
    return value;
  };
  return fit(example, "");
}
