/** Narrowing a list of messages: action, direction, what became of it, words, a time range. */

import { html } from "../../vendor/runtime.js";
import { MOST_LETTERS } from "../state/message_filter.js";

/** @typedef {import("./message_log.js").Filter} Filter */

/** Every Action of OCPP 1.6 and its security extension. */
export const ACTIONS = [
  "Authorize",
  "BootNotification",
  "CancelReservation",
  "CertificateSigned",
  "ChangeAvailability",
  "ChangeConfiguration",
  "ClearCache",
  "ClearChargingProfile",
  "DataTransfer",
  "DeleteCertificate",
  "DiagnosticsStatusNotification",
  "ExtendedTriggerMessage",
  "FirmwareStatusNotification",
  "GetCompositeSchedule",
  "GetConfiguration",
  "GetDiagnostics",
  "GetInstalledCertificateIds",
  "GetLocalListVersion",
  "GetLog",
  "Heartbeat",
  "InstallCertificate",
  "LogStatusNotification",
  "MeterValues",
  "RemoteStartTransaction",
  "RemoteStopTransaction",
  "ReserveNow",
  "Reset",
  "SecurityEventNotification",
  "SendLocalList",
  "SetChargingProfile",
  "SignCertificate",
  "SignedFirmwareStatusNotification",
  "SignedUpdateFirmware",
  "StartTransaction",
  "StatusNotification",
  "StopTransaction",
  "TriggerMessage",
  "UnlockConnector",
  "UpdateFirmware",
];

/**
 * @param {object} props
 * @param {Filter} props.filter
 * @param {(change: Partial<Filter>, options?: {replace?: boolean}) => void} props.onChange `replace`: while typing
 * @param {string} [props.searchId] id of the text field
 */
export function MessageFilters({ filter, onChange, searchId = "message-text" }) {
  const kind = filter.errors ? "errors" : filter.kind;
  /** @param {string} value */
  const chooseKind = (value) =>
    onChange({ kind: value === "errors" ? "" : value, errors: value === "errors" });
  return html`
    <div class="message-filters" role="search" aria-label="Filter messages">
      <input
        id=${searchId}
        type="search"
        placeholder="Words in it"
        aria-label="Words in the messages"
        autocomplete="off"
        spellcheck=${false}
        maxlength=${MOST_LETTERS.text}
        value=${filter.text}
        onInput=${(/** @type {any} */ e) => onChange({ text: e.target.value }, { replace: true })}
      />
      <select
        aria-label="Action"
        value=${filter.action}
        onChange=${(/** @type {any} */ e) => onChange({ action: e.target.value })}
      >
        <option value="">Any action</option>
        ${ACTIONS.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>
      <select
        aria-label="Direction"
        value=${filter.direction}
        onChange=${(/** @type {any} */ e) => onChange({ direction: e.target.value })}
      >
        <option value="">Both ways</option>
        <option value="from_station">From the station</option>
        <option value="to_station">To the station</option>
      </select>
      <select aria-label="Outcome" value=${kind} onChange=${(/** @type {any} */ e) => chooseKind(e.target.value)}>
        <option value="">Any outcome</option>
        <option value="errors">Not answered well</option>
        <option value="answered">Answered</option>
        <option value="error">CALLERROR</option>
        <option value="unanswered">No answer</option>
        <option value="malformed">Malformed</option>
      </select>
      <${Moment} label="From" value=${filter.since} onChange=${(/** @type {string} */ since) => onChange({ since })} />
      <${Moment} label="To" value=${filter.until} onChange=${(/** @type {string} */ until) => onChange({ until })} />
    </div>
  `;
}

/** A time in the reader's zone; RFC 3339 in UTC outside. @param {{label: string, value: string, onChange: (value: string) => void}} props */
function Moment({ label, value, onChange }) {
  return html`
    <label class="field"><span>${label}</span>
      <input
        type="datetime-local"
        step="1"
        value=${localOf(value)}
        onChange=${(/** @type {any} */ e) => onChange(e.target.value ? new Date(e.target.value).toISOString() : "")}
      />
    </label>
  `;
}

/** RFC 3339 as the browser's field wants it, "" for none. @param {string} value */
export function localOf(value) {
  const time = value ? new Date(value) : null;
  if (!time || Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}
