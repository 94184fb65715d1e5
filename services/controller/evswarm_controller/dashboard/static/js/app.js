/** The page as a whole. */

import { html, useEffect, useState } from "../vendor/runtime.js";
import { connection, loaded } from "./model.js";
import { ConnectionBanner } from "./parts/connection_banner.js";
import { KeyHelp } from "./parts/key_help.js";
import { PriceControl } from "./parts/price_control.js";
import { ScaleControl } from "./parts/scale_control.js";
import { StationTable } from "./parts/station_table.js";
import { StatsRow } from "./parts/stats_row.js";
import { StatusBar } from "./parts/status_bar.js";
import { Toasts } from "./parts/toasts.js";
import { TopBar } from "./parts/top_bar.js";
import { TrendChart } from "./parts/trend_chart.js";

export function App() {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      const inField =
        event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
      if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") setHelp(true);
      else if (event.key === "/") {
        document.getElementById("search")?.focus();
        event.preventDefault();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const dated = loaded.value && connection.value.phase !== "live" && connection.value.phase !== "loading";
  return html`
    <a class="skip" href="#stations">To the stations</a>
    <${TopBar} onHelp=${() => setHelp(true)} />
    <${ConnectionBanner} />
    <main class=${dated ? "dated" : ""}>
      <h1 class="unseen">Swarm</h1>
      <${StatsRow} />
      <${StatusBar} />
      <div class="controls">
        <${ScaleControl} />
        <${PriceControl} />
        <${TrendChart} />
      </div>
      <${StationTable} />
    </main>
    <${Toasts} />
    <${KeyHelp} open=${help} onClose=${() => setHelp(false)} />
  `;
}
