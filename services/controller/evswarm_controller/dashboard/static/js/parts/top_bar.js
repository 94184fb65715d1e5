/** The bar at the top: name, connection, pages, theme, help. */

import { html } from "../../vendor/runtime.js";
import { span } from "../format.js";
import { connection, pausedAt, polling, second, setPaused, version } from "../model.js";
import { path, route } from "../router.js";
import { setTheme, THEMES, theme } from "../theme.js";
import { Icon } from "./icon.js";
import { SignOut } from "./sign_out.js";

/** @type {Record<string, "sun" | "moon" | "auto">} */
const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** @type {readonly {page: string, href: string, label: string, icon: "swarm" | "server" | "messages" | "info"}[]} */
const PAGES = [
  { page: "swarm", href: "/", label: "Swarm", icon: "swarm" },
  { page: "workers", href: "/ui/workers", label: "Workers", icon: "server" },
  { page: "messages", href: "/ui/messages", label: "Messages", icon: "messages" },
  { page: "about", href: "/ui/about", label: "About", icon: "info" },
];

/** @param {{onHelp: () => void}} props */
export function TopBar({ onHelp }) {
  return html`
    <header class="topbar">
      <a class="brand" href="/" aria-label="evswarm, start page">
        <svg
          viewBox="0 0 32 32"
          aria-hidden="true"
        ><rect width="32" height="32" rx="8" /><path d="M18 4 8 18h7l-2 10 11-15h-7z" /></svg>
        <span>evswarm</span>
      </a>
      <${ConnectionPill} />
      <${Pause} />
      <${Pages} />
      <span class="grow"></span>
      <span class="muted wide-only">${version.value && `v${version.value}`}</span>
      <a class="quiet wide-only" href="/docs">API</a>
      <div class="segmented" role="group" aria-label="Theme">
        ${THEMES.map(
          (name) => html`
            <button
              type="button"
              key=${name}
              aria-pressed=${theme.value === name}
              aria-label=${`Theme: ${name}`}
              title=${`Theme: ${name}`}
              onClick=${() => setTheme(name)}
            >
              <${Icon} name=${THEME_ICONS[name]} />
            </button>`,
        )}
      </div>
      <${SignOut} quiet />
      <button type="button" class="square" aria-label="Keys" title="Keys (?)" onClick=${onHelp}>?</button>
    </header>
  `;
}

function Pages() {
  // A station is found by way of the swarm.
  const here = route.value.page === "station" ? "swarm" : route.value.page;
  return html`
    <nav class="pages" aria-label="Pages">
      ${PAGES.map(({ page, href, label, icon }) => {
        const current = page === here ? (path.value === href ? "page" : "true") : undefined;
        return html`
          <a key=${page} href=${href} aria-current=${current}><${Icon} name=${icon} /><span>${label}</span></a>`;
      })}
    </nav>
  `;
}

/** Holds the page still: for reading, or for a picture. */
function Pause() {
  const paused = pausedAt.value > 0;
  const label = paused ? "Go on" : "Pause";
  return html`
    <button
      type="button"
      class="square pause"
      aria-label=${label}
      title=${`${label} (p)`}
      aria-pressed=${paused}
      onClick=${() => setPaused(!paused)}
    ><${Icon} name=${paused ? "play" : "pause"} /></button>`;
}

function ConnectionPill() {
  const { phase, silence, retryIn } = connection.value;
  /** @type {Record<typeof phase, [string, string]>} */
  const phases = {
    connecting: ["busy", "Connecting"],
    loading: ["busy", "Loading"],
    live: ["good", "Live"],
    stale: ["warn", `Stale ${silence} s`],
    waiting: ["bad", retryIn > 0 ? `Reconnecting ${retryIn} s` : "Reconnecting"],
    incompatible: ["bad", "Reload needed"],
    unauthorized: ["warn", "Signed out"],
  };
  const shown = polling.value
    ? ["warn", "Polling"]
    : phase === "live" && pausedAt.value > 0
      ? ["warn", `Paused ${span(second.value - pausedAt.value)}`]
      : phases[phase];
  return html`
    <span
      class=${`pill ${shown[0]}`}
      role="status"
      aria-live=${phase === "live" ? "polite" : "off"}
    ><i></i>${shown[1]}</span>`;
}
