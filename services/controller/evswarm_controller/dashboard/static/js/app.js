/** The frame around every page: bar, banner, the page that the address names, toasts and the keys. */

import { html, useEffect, useRef, useState } from "../vendor/runtime.js";
import { connection, dated, pausedAt, setPaused } from "./model.js";
import { AboutPage } from "./pages/about.js";
import { MessagesPage } from "./pages/messages.js";
import { MissingPage } from "./pages/missing.js";
import { StationPage } from "./pages/station.js";
import { SwarmPage } from "./pages/swarm.js";
import { WorkersPage } from "./pages/workers.js";
import { ConnectionBanner } from "./parts/connection_banner.js";
import { KeyHelp } from "./parts/key_help.js";
import { LoginForm } from "./parts/login_form.js";
import { Toasts } from "./parts/toasts.js";
import { TopBar } from "./parts/top_bar.js";
import { path, route } from "./router.js";
import { titleOf } from "./state/route.js";

export function App() {
  const [help, setHelp] = useState(false);
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKey = (event) => {
      const inField =
        event.target instanceof Element && event.target.closest("input, select, textarea, dialog");
      if (inField || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") setHelp(true);
      else if (event.key === "p") setPaused(pausedAt.peek() === 0);
      else if (event.key === "/") {
        document.getElementById("search")?.focus();
        event.preventDefault();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  const { page } = route.value;
  const locked = connection.value.phase === "unauthorized";
  const hasTable = page === "swarm" && !locked;
  const arrived = useRef(path.value);
  useEffect(() => {
    document.title = titleOf(route.value);
    // Whoever comes by a link of ours hears the new page's name, and Tab goes on from its top.
    if (arrived.current !== path.value) document.querySelector("h1")?.focus({ preventScroll: true });
    arrived.current = path.value;
  }, [path.value]);
  return html`
    <a class="skip" href=${hasTable ? "#stations" : "#content"}>
      ${hasTable ? "To the stations" : "To the content"}
    </a>
    <${TopBar} onHelp=${() => setHelp(true)} />
    <${ConnectionBanner} />
    <main id="content" class=${`page-${page}${dated.value ? " dated" : ""}`}>
      <${locked ? LoginForm : Page} key=${path.value} />
    </main>
    <${Toasts} />
    <${KeyHelp} open=${help} onClose=${() => setHelp(false)} />
  `;
}

function Page() {
  switch (route.value.page) {
    case "swarm":
      return html`<${SwarmPage} />`;
    case "workers":
      return html`<${WorkersPage} />`;
    case "messages":
      return html`<${MessagesPage} />`;
    case "about":
      return html`<${AboutPage} />`;
    case "station":
      return html`<${StationPage} id=${route.value.id} />`;
    default:
      return html`<${MissingPage} />`;
  }
}
