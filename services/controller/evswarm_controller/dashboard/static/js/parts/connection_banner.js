/** What is said across the page when its data is not current. */

import { html } from "../../vendor/runtime.js";
import { span } from "../format.js";
import { aggregate, connection, loaded } from "../model.js";
import { Icon } from "./icon.js";

export function ConnectionBanner() {
  const { phase, silence } = connection.value;
  let text = "";
  if (phase === "incompatible") text = "The controller was updated. Reload the page to go on.";
  else if (phase === "waiting" || (phase === "connecting" && (loaded.value || silence > 0))) {
    text = loaded.value
      ? `The controller cannot be reached. What you see is ${span(silence)} old; actions are off until it is back.`
      : "The controller cannot be reached. Trying again.";
  } else if (phase === "stale")
    text = `Nothing new for ${span(silence)}. Actions are off until data comes again.`;
  else if (aggregate.value?.store === false) {
    text = "The controller has lost its store. What you see is as it last was.";
  } else if (
    aggregate.value &&
    aggregate.value.desired > 0 &&
    Object.keys(aggregate.value.workers).length === 0
  ) {
    text = "No worker is alive. Stations wait until one comes.";
  }
  if (!text) return null;
  return html`<div class="banner" role="alert"><${Icon} name="alert" /><span>${text}</span></div>`;
}
