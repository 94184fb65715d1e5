/** Where in Grafana the history of a number of this page is: dashboard and panel of each. */

/** @type {Readonly<Record<string, readonly [dashboard: string, panel: number]>>} */
export const PANELS = {
  stations: ["evswarm-overview", 563469],
  running: ["evswarm-overview", 669448],
  charging: ["evswarm-charging", 639896],
  power_w: ["evswarm-overview", 947567],
  energy_mwh: ["evswarm-charging", 335335],
  earnings_micro: ["evswarm-charging", 804459],
  states: ["evswarm-overview", 808795],
  price: ["evswarm-charging", 496938],
  scale: ["evswarm-controller", 264679],
  messages_per_second: ["evswarm-overview", 588016],
  round_trip_p95_ms: ["evswarm-overview", 159035],
};

/**
 * The address of the panel that shows `name` over time; "" without a Grafana.
 *
 * @param {string | null} base of Grafana
 * @param {string} name a key of PANELS
 */
export function panelAddress(base, name) {
  const panel = PANELS[name];
  if (!base || !panel || !/^https?:\/\//.test(base)) return "";
  return `${base.replace(/\/+$/, "")}/d/${panel[0]}?viewPanel=${panel[1]}`;
}
