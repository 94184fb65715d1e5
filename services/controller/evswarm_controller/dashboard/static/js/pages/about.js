/** About. */

import { html } from "../../vendor/runtime.js";

export const AboutPage = () => html`<h1 tabindex="-1">About</h1>`;
