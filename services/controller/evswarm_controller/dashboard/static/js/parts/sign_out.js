/** The way out, where there is a session. */

import { html, useEffect } from "../../vendor/runtime.js";
import { connection } from "../model.js";
import { askSession, signedIn, signOut } from "../state/access.js";
import { toast } from "../state/toasts.js";

export function SignOut() {
  const live = connection.value.phase === "live";
  useEffect(() => {
    if (live) void askSession();
  }, [live]);
  if (!signedIn.value) return null;
  const leave = () => signOut().catch((error) => toast(`Not signed out: ${error.message}`, "error"));
  return html`<button type="button" class="quiet" onClick=${leave}>Sign out</button>`;
}
