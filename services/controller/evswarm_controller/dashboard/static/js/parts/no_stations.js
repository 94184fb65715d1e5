/** What stands in place of rows when there are none, and what can be done about it. */

import { html, useState } from "../../vendor/runtime.js";
import { counted } from "../format.js";
import { aggregate, loaded, reachable } from "../model.js";
import { answer, look, view } from "../state/swarm_view.js";
import { toast } from "../state/toasts.js";
import { isFiltered } from "../state/view.js";
import { requestScale } from "./scale_control.js";

export function NoStations() {
  const [problem, setProblem] = useState("");
  if (answer.value.total > 0) return null;
  if (!loaded.value) {
    return html`
      <div
        class="skeleton"
        role="status"
        aria-label="Loading stations"
      >${[...Array(8)].map((_, i) => html`<i key=${i}></i>`)}</div>`;
  }
  if ((aggregate.value?.stations ?? 0) > 0 && isFiltered(view.value)) {
    return html`
      <div class="empty">
        <p>No station matches.</p>
        <button
          type="button"
          onClick=${() => look({ q: "", status: "", worker: "", profile: "" })}
        >Clear the filters</button>
      </div>`;
  }
  const coming = aggregate.value?.desired ?? 0;
  if (coming > 0)
    return html`<div class="empty" role="status"><p>${counted(coming, "station")} on the way…</p></div>`;
  const begin = async () => {
    const failure = await requestScale(10);
    setProblem(failure);
    if (!failure) toast("Asked for 10 stations");
  };
  return html`
    <div class="empty">
      <p>No stations yet</p>
      <button
        type="button"
        class="primary"
        disabled=${!reachable.value}
        onClick=${begin}
      >Start 10 stations</button>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    </div>`;
}
