/** Everything that can be done to a station: by hand, and by OCPP command; and what came of what was done. */

import { html, useEffect, useState } from "../../vendor/runtime.js";
import { line } from "../messages/json_text.js";
import { AUTONOMY, deeds, doIt, formsOf, outcomeOf, toneOf } from "./deeds.js";
import { labelOf } from "./form_model.js";

/** @type {readonly [string, readonly string[]][]} */
const HAND = [
  ["Driver", ["plug_in", "authorize", "press_stop", "unplug"]],
  ["Trouble", ["fault", "clear_fault", "open_door", "power_cycle"]],
  ["Network", ["network_down", "network_up", "reconnect"]],
  ["Settings", ["set_configuration", "add_to_cache"]],
];

/** Actions that need no form. */
const AT_ONCE = new Set(["open_door", "network_down", "network_up", "reconnect"]);

/** @type {readonly [string, readonly string[]][]} */
const COMMANDS = [
  ["Transactions", ["RemoteStartTransaction", "RemoteStopTransaction", "UnlockConnector"]],
  ["Station", ["Reset", "ChangeAvailability", "TriggerMessage", "ExtendedTriggerMessage", "DataTransfer"]],
  ["Settings", ["ChangeConfiguration", "GetConfiguration", "ClearCache"]],
  ["Smart charging", ["SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule"]],
  ["Reservation", ["ReserveNow", "CancelReservation"]],
  ["Local list", ["SendLocalList", "GetLocalListVersion"]],
  ["Firmware and files", ["UpdateFirmware", "SignedUpdateFirmware", "GetDiagnostics", "GetLog"]],
  [
    "Certificates",
    ["InstallCertificate", "DeleteCertificate", "GetInstalledCertificateIds", "CertificateSigned"],
  ],
];

/**
 * @param {object} props
 * @param {string} props.id
 * @param {boolean | null} props.autonomous whether drivers come by themselves, as far as known
 * @param {boolean} props.enabled
 * @param {(intent: import("./deed_dialog.js").Intent) => void} props.onOpen
 * @param {() => void} props.onDone
 */
export function DeedPanel({ id, autonomous, enabled, onOpen, onDone }) {
  /** @param {import("./deeds.js").Road} road @param {string} name */
  const choose = async (road, name) => {
    if (!AT_ONCE.has(name)) return onOpen({ road, name });
    await doIt(id, road, name, {});
    onDone();
  };
  return html`
    <div class="deeds">
      <${Buttons} title="By hand" road="hand" groups=${HAND} enabled=${enabled} onChoose=${choose}>
        <label class="switch"><input
          type="checkbox"
          checked=${autonomous === true}
          disabled=${!enabled || autonomous === null}
          onChange=${async (/** @type {any} */ event) => {
            const wanted = event.target.checked;
            // It shows what is, not what was asked for.
            event.target.checked = autonomous === true;
            await doIt(id, "hand", AUTONOMY, { autonomous: wanted });
            onDone();
          }}
        /><span>Drivers come and go by themselves</span></label>
      <//>
      <${Buttons} title="Commands of the central system" road="command" groups=${COMMANDS} enabled=${enabled} onChoose=${choose} />
    </div>
    <${Done} id=${id} />
  `;
}

/**
 * @param {object} props
 * @param {string} props.title
 * @param {import("./deeds.js").Road} props.road
 * @param {readonly [string, readonly string[]][]} props.groups
 * @param {boolean} props.enabled
 * @param {(road: import("./deeds.js").Road, name: string) => void} props.onChoose
 * @param {import("../../vendor/runtime.js").ComponentChildren} [props.children]
 */
function Buttons({ title, road, groups, enabled, onChoose, children }) {
  const others = useOthers(road, groups);
  const all =
    others.length > 0 ? [...groups, /** @type {[string, readonly string[]]} */ (["Other", others])] : groups;
  return html`
    <section class="card panel" aria-label=${title}>
      <h2>${title}</h2>
      ${all.map(
        ([group, names]) => html`
          <div class="deed-group" role="group" aria-label=${group} key=${group}>
            <h3>${group}</h3>
            <div class="deed-buttons">
              ${names.map(
                (name) => html`
                  <button
                    type="button"
                    class="small"
                    key=${name}
                    disabled=${!enabled}
                    onClick=${() => onChoose(road, name)}
                  >${road === "hand" ? labelOf(name) : name}</button>`,
              )}
            </div>
          </div>`,
      )}
      ${children}
    </section>
  `;
}

/**
 * What the controller knows beside the groups, for one that is newer than this list.
 *
 * @param {import("./deeds.js").Road} road
 * @param {readonly [string, readonly string[]][]} groups
 */
function useOthers(road, groups) {
  const [others, setOthers] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    const known = new Set(groups.flatMap(([, names]) => names));
    formsOf(road)
      .then((forms) => setOthers(Object.keys(forms).filter((name) => !known.has(name))))
      .catch(() => setOthers([]));
  }, [road, groups]);
  return others;
}

/** @param {{id: string}} props */
function Done({ id }) {
  const mine = deeds.value.filter(({ station }) => station === id);
  if (mine.length === 0) return null;
  return html`
    <section class="card panel" aria-label="What was done from this page">
      <h2>Done from this page</h2>
      <ul class="done" role="log" aria-label="Answers">
        ${mine.map(
          (deed) => html`
            <li key=${deed.number}>
              <time class="muted">${new Date(deed.at).toLocaleTimeString("en-GB")}</time>
              <strong>${deed.road === "hand" ? labelOf(deed.name) : deed.name}</strong>
              <span class="muted done-payload">${line(deed.payload)}</span>
              <span class=${`verdict ${toneOf(deed)}`}>${outcomeOf(deed)}</span>
              ${deed.operation && html`<a href=${`/operations/${encodeURIComponent(deed.operation)}`} target="_blank" rel="noreferrer">operation</a>`}
            </li>`,
        )}
      </ul>
    </section>
  `;
}
