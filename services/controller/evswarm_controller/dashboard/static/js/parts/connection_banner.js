/** What is said across the page when its data is not current, or something is amiss with the swarm as a whole. */

import { html } from "../../vendor/runtime.js";
import { counted, span } from "../format.js";
import { aggregate, connection, loaded, polling, tooSlow } from "../model.js";
import { MOST_POLLED } from "../state/polled.js";
import { Icon } from "./icon.js";

export function ConnectionBanner() {
  const text = polling.value ? polled() : ofConnection() || ofSwarm();
  if (!text) return null;
  return html`<div class="banner" role="alert"><${Icon} name="alert" /><span>${text}</span></div>`;
}

function polled() {
  const stations = aggregate.value?.stations ?? 0;
  const part = stations > MOST_POLLED ? ` Only ${counted(MOST_POLLED, "station")} are shown.` : "";
  return `The live feed cannot be opened, so the page asks every few seconds. Does a proxy keep WebSockets out?${part}`;
}

function ofConnection() {
  const { phase, silence } = connection.value;
  if (phase === "incompatible") return "The controller was updated. Reload the page to go on.";
  if (phase === "waiting" || (phase === "connecting" && (loaded.value || silence > 0))) {
    return loaded.value
      ? `The controller cannot be reached. What you see is ${span(silence)} old; actions are off until it is back.`
      : "The controller cannot be reached. Trying again.";
  }
  if (phase === "stale") return `Nothing new for ${span(silence)}. Actions are off until data comes again.`;
  if (tooSlow.value)
    return "This browser, or the way to it, does not keep up with the feed. The page takes fewer frames for now.";
  return "";
}

function ofSwarm() {
  const agg = aggregate.value;
  if (!agg) return "";
  if (!agg.store) return "The controller has lost its store. What you see is as it last was.";
  if (agg.store_lost_at != null)
    return (
      "The store lost what it held. Stations, open transactions and what was wished for are rebuilt; closed transactions, " +
      "station logs, id tags and registrations are gone."
    );
  if (agg.desired > 0 && Object.keys(agg.workers).length === 0)
    return "No worker is alive. Stations wait until one comes.";
  const lost = agg.lost_workers ?? [];
  if (lost.length === 0) return "";
  const named = lost.slice(0, 3).join(", ") + (lost.length > 3 ? ` and ${lost.length - 3} more` : "");
  return `${lost.length === 1 ? "Worker" : "Workers"} ${named} lost. Other workers take over the stations.`;
}
