/** What this is: versions, the run, the settings, and where to read on. */

import { html, useEffect, useState } from "../../vendor/runtime.js";
import { call } from "../api.js";
import { count, span } from "../format.js";
import { hello, second } from "../model.js";
import { Icon } from "../parts/icon.js";
import { KeyList } from "../parts/key_help.js";
import { SignOut } from "../parts/sign_out.js";
import { unix } from "../state/service_words.js";

/**
 * @typedef {{name: string, value: string, changed: boolean, description: string}} Setting
 *
 * @typedef {object} About
 * @property {string} version
 * @property {string} python
 * @property {string} platform
 * @property {string} controller_id
 * @property {string | null} prometheus_url
 * @property {{run_id: string, seed: number, id_prefix: string, began_at: string | null, simulated_at: string | null,
 *   clock_factor: number, generation: number, stations: number}} run
 * @property {Setting[]} settings
 */

export function AboutPage() {
  const [about, setAbout] = useState(/** @type {About | null} */ (null));
  const [problem, setProblem] = useState("");
  const load = () => {
    setProblem("");
    call("/about").then(setAbout, (error) => setProblem(error.message));
  };
  useEffect(load, []);
  return html`
    <div class="page-head"><h1 tabindex="-1">About</h1><span class="grow"></span><${SignOut} /></div>
    ${
      problem &&
      html`<p class="problem" role="alert">${problem}. <button type="button" class="small" onClick=${load}>Try again</button></p>`
    }
    ${!about && !problem && html`<p class="muted" role="status">Loading…</p>`}
    <div class="about">
      <div class="about-column">
        ${about && html`<${System} about=${about} />`}
        <${Links} about=${about} />
      </div>
      <div class="about-column">
        ${about && html`<${Run} run=${about.run} />`}
        <section class="card about-card" aria-label="Keys"><h2>Keys</h2><${KeyList} /></section>
      </div>
      ${about && html`<${Settings} settings=${about.settings} />`}
    </div>
  `;
}

/** @param {{about: About}} props */
function System({ about }) {
  /** @type {[string, string][]} */
  const facts = [
    ["Version", about.version],
    ["Feed", `version ${hello.value?.v ?? "–"}`],
    ["Controller", about.controller_id],
    ["Python", about.python],
    ["Platform", about.platform],
  ];
  return html`<section class="card about-card" aria-label="This system"><h2>This system</h2><${List} items=${facts} /></section>`;
}

/** @param {{run: About["run"]}} props */
function Run({ run }) {
  const simulated = run.simulated_at?.replace("T", " ").replace(/\.\d+Z$/, " UTC") ?? "–";
  /** @type {[string, string][]} */
  const facts = [
    ["Run", run.run_id],
    ["Seed", String(run.seed)],
    ["Began", run.began_at ? `${span(second.value - unix(run.began_at))} ago` : "–"],
    ["Its clock", `${simulated}, ×${run.clock_factor}`],
    ["Stations wanted", `${count(run.stations)}, ${run.id_prefix}000001 and on`],
    ["Generation", count(run.generation)],
  ];
  return html`
    <section class="card about-card" aria-label="This run">
      <h2>This run</h2>
      <${List} items=${facts} />
      <p class="muted">The same seed and the same inputs give the same stations, cars and choices.</p>
    </section>
  `;
}

/** @param {{items: [string, string][]}} props */
const List = ({ items }) =>
  html`<dl class="about-pairs">${items.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/** @param {{about: About | null}} props */
function Links({ about }) {
  const grafana = hello.value?.grafana ?? null;
  const prometheus = about?.prometheus_url ?? null;
  /** @type {[string, string, string][]} */
  const links = [
    ["/docs", "API", "every route, with examples"],
    ["/openapi.json", "OpenAPI document", "for programs"],
    ["/live.schema.json", "Live feed", "the schema of both directions"],
    ["/metrics", "Metrics", "of this controller, for Prometheus"],
    [
      "/assets/vendor/LICENSES.txt",
      "Licences",
      "of what this page is built on; evswarm itself is under Apache-2.0",
    ],
  ];
  return html`
    <section class="card about-card" aria-label="Read on">
      <h2>Read on</h2>
      <ul class="about-links">
        ${links.map(([href, name, what]) => html`<li key=${href}><a href=${href}>${name}</a> <span class="muted">${what}</span></li>`)}
        <${Outside} href=${grafana} name="Grafana" what="days of every number" setting="EVSWARM_GRAFANA_URL" />
        <${Outside} href=${prometheus} name="Prometheus" what="metrics and alerts" setting="EVSWARM_PROMETHEUS_URL" />
      </ul>
    </section>
  `;
}

/** @param {{href: string | null, name: string, what: string, setting: string}} props */
const Outside = ({ href, name, what, setting }) => html`
  <li>
    ${
      href && /^https?:\/\//.test(href)
        ? html`<a href=${href} target="_blank" rel="noopener">${name}<${Icon} name="external" /></a> <span class="muted">${what}</span>`
        : html`${name} <span class="muted">is not known here; ${setting} says where it is</span>`
    }
  </li>
`;

/** @param {{settings: readonly Setting[]}} props */
function Settings({ settings }) {
  const changed = settings.filter((setting) => setting.changed);
  const rest = settings.filter((setting) => !setting.changed);
  return html`
    <section class="card about-card about-settings" aria-label="Settings">
      <h2>Settings of this controller</h2>
      ${changed.length === 0 ? html`<p class="muted">All are as by default.</p>` : html`<${SettingList} settings=${changed} />`}
      <details>
        <summary>${count(rest.length)} as by default</summary>
        <${SettingList} settings=${rest} />
      </details>
    </section>
  `;
}

/** @param {{settings: readonly Setting[]}} props */
const SettingList = ({ settings }) => html`
  <dl class="about-setting-list">
    ${settings.map(
      ({ name, value, description }) =>
        html`<div key=${name}><dt><code>${name}</code> <b>${value || "not set"}</b></dt><dd class="muted">${description}</dd></div>`,
    )}
  </dl>
`;
