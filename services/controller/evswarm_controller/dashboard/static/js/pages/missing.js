/** An address under /ui that nothing stands at. */

import { html } from "../../vendor/runtime.js";
import { path } from "../router.js";

export const MissingPage = () => html`
  <h1 tabindex="-1">No such page</h1>
  <section class="card empty">
    <p>There is nothing at <code>${path.value}</code>.</p>
    <p><a href="/">To the swarm</a></p>
  </section>
`;
