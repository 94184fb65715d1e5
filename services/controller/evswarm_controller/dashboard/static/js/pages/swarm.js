/** The swarm: its numbers, its states, what to do with it, and every station. */

import { html } from "../../vendor/runtime.js";
import { ConditionsControl } from "../parts/conditions_control.js";
import { OperationList } from "../parts/operation_list.js";
import { PriceControl } from "../parts/price_control.js";
import { ScaleControl } from "../parts/scale_control.js";
import { StationTable } from "../parts/station_table.js";
import { StatsRow } from "../parts/stats_row.js";
import { StatusBar } from "../parts/status_bar.js";
import { TrendStrip } from "../parts/trend_strip.js";

export const SwarmPage = () => html`
  <h1 class="unseen" tabindex="-1">Swarm</h1>
  <${StatsRow} />
  <${StatusBar} />
  <div class="controls">
    <${ScaleControl} />
    <${PriceControl} />
    <${ConditionsControl} />
  </div>
  <${TrendStrip} />
  <${OperationList} />
  <${StationTable} />
`;
