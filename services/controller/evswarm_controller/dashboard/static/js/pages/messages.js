/** Messages. */

import { html } from "../../vendor/runtime.js";

export const MessagesPage = () => html`<h1 tabindex="-1">Messages</h1>`;
