/** The way out, where there is a session. */

import { html, useEffect } from "../../vendor/runtime.js";
import { connection } from "../model.js";
import { askSession, signedIn, signOut } from "../state/access.js";
import { toast } from "../state/toasts.js";

/** @param {{quiet?: boolean}} props `quiet`: in the bar, which has no room for it on a narrow screen */
export function SignOut({ quiet = false }) {
  const live = connection.value.phase === "live";
  useEffect(() => {
    if (live) void askSession();
  }, [live]);
  if (!signedIn.value) return null;
  const leave = () => signOut().catch((error) => toast(`Not signed out: ${error.message}`, "error"));
  return html`<button type="button" class=${quiet ? "wide-only" : ""} onClick=${leave}>Sign out</button>`;
}
