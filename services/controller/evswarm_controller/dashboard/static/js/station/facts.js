/** What a station is and what it keeps, in pairs of words. */

import { html } from "../../vendor/runtime.js";
import { span } from "../format.js";
import { LINKS, SECURITY_PROFILES } from "./detail.js";

/** @param {{detail: import("./detail.js").Detail, now: number}} props `now`: real unix seconds of the controller */
export const Facts = ({ detail, now }) => html`
  <section class="card panel" aria-label="About this station">
    <h2>Station</h2>
    <dl class="pairs wide">
      ${facts(detail, now).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  </section>
`;

/** @param {import("./detail.js").Detail} detail @param {number} now @returns {[string, any][]} */
function facts(detail, now) {
  const { firmware, security, uploads, reservation, local_list: list } = detail;
  const simulated = Date.parse(detail.simulated_at) / 1000;
  /** @type {[string, any][]} */
  const found = [
    ["Connection", LINKS[detail.link] ?? detail.link],
    ["Connected for", detail.connected_since ? span(now - Date.parse(detail.connected_since) / 1000) : "–"],
    [
      "Worker",
      html`<a href=${`/ui/workers?worker=${encodeURIComponent(detail.worker_id)}`}>${detail.worker_id}</a>`,
    ],
    ["Hardware", `${detail.vendor} ${detail.model}, ${detail.current}, ${detail.max_power_kw.toFixed(1)} kW`],
    ["Profile", html`<a href=${`/?profile=${encodeURIComponent(detail.profile)}`}>${detail.profile}</a>`],
    ["Drivers", detail.autonomous ? "come and go by themselves" : "none; all is left to the hand"],
    [
      "Firmware",
      firmware.version + (firmware.update ? `; update ${firmware.update.stage.replaceAll("_", " ")}` : ""),
    ],
    ["Security profile", `${security.profile}, ${SECURITY_PROFILES[security.profile] ?? "unknown"}`],
    ["Password", security.password_set ? "set" : "none"],
    ["Trusted roots", String(security.trusted_roots)],
  ];
  if (security.certificate_valid_until) {
    found.push([
      "Certificate",
      `for another ${span(Date.parse(security.certificate_valid_until) / 1000 - now)}`,
    ]);
  }
  found.push(
    ["Local list", list ? `version ${list.version}, ${list.entries} tags` : "empty (version 0)"],
    ["Cached tags", String(detail.cached_tags)],
    ["Undelivered", `${detail.waiting_messages} messages`],
    ["In service", detail.operative ? "yes" : "no"],
    [
      "Its clock",
      new Date((simulated + detail.clock_offset_seconds) * 1000).toISOString().replace(/\.\d+/, ""),
    ],
  );
  if (detail.next_attempt_at) {
    found.push(["Next attempt", `in ${span(Date.parse(detail.next_attempt_at) / 1000 - now)}`]);
  }
  if (reservation) {
    const left = span(Date.parse(reservation.expires_at) / 1000 - simulated);
    found.push([
      "Reserved",
      `any connector, ${reservation.reservation_id} for ${reservation.id_tag ?? "–"}, ${left} left`,
    ]);
  }
  for (const { what, to_host, status, over } of uploads) {
    found.push([what, `${over ? "last went" : "going"} to ${to_host}: ${status ?? "not begun"}`]);
  }
  return found;
}
