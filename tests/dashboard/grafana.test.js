import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  PANELS,
  panelAddress,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/grafana.js";

const FOLDER = new URL("../../grafana/dashboards/", import.meta.url);

/** @param {any[]} panels */
const idsOf = (panels) => panels.flatMap((panel) => [panel.id, ...idsOf(panel.panels ?? [])]);

test("every link leads to a panel that there is", () => {
  const known = new Map(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith(".json"))
      .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf-8")))
      .map(({ uid, panels }) => [uid, new Set(idsOf(panels))]),
  );
  for (const [name, [dashboard, panel]] of Object.entries(PANELS))
    assert.ok(known.get(dashboard)?.has(panel), name);
});

test("without a Grafana, or with what is no address, there is no link", () => {
  assert.equal(panelAddress(null, "running"), "");
  assert.equal(panelAddress("javascript:alert(1)", "running"), "");
  assert.equal(
    panelAddress("http://g:3000/", "running"),
    "http://g:3000/d/evswarm-overview?viewPanel=669448",
  );
});
