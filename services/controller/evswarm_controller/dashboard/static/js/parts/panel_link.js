/** A small link to the panel in Grafana that shows a number over days; nothing where there is no Grafana. */

import { html } from "../../vendor/runtime.js";
import { hello } from "../model.js";
import { panelAddress } from "../state/grafana.js";
import { Icon } from "./icon.js";

/** @param {{name: string, what: string}} props `name`: a key of PANELS */
export function PanelLink({ name, what }) {
  const address = panelAddress(hello.value?.grafana ?? null, name);
  if (!address) return null;
  const label = `${what} in Grafana`;
  return html`
    <a
      class="panel-link"
      href=${address}
      target="_blank"
      rel="noopener"
      aria-label=${label}
      title=${label}
    ><${Icon} name="external" /></a>`;
}
