/** Where the page begins. */

import { html, render } from "../vendor/runtime.js";
import { App } from "./app.js";
import { start } from "./model.js";
import { followAddress } from "./router.js";
import "./theme.js";

followAddress();
start();
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
