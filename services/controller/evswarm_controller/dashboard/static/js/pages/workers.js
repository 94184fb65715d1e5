/** Workers. */

import { html } from "../../vendor/runtime.js";

export const WorkersPage = () => html`<h1 tabindex="-1">Workers</h1>`;
