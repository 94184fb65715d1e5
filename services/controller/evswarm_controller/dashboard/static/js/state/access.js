/** Whether the controller asks for a token, and the way in and out. The token itself is kept nowhere. */

import { signal } from "../../vendor/runtime.js";
import { ApiError, call } from "../api.js";
import { lockFeed, unlockFeed } from "../model.js";

/** Whether this browser has a session that could be ended. */
export const signedIn = signal(false);

/** Ask the controller whether there is a session to speak of. */
export async function askSession() {
  try {
    const session = await call("/session");
    signedIn.value = session.token_required && session.signed_in;
  } catch {
    // Without an answer there is nothing to sign out of; the next connection asks again.
  }
}

/**
 * Give the token for a session, and go on.
 *
 * @param {string} token
 * @returns {Promise<string>} why it was not to be; empty when it was
 */
export async function signIn(token) {
  try {
    await call("/session", { token });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return "That is not the token of this controller.";
    return error instanceof Error ? error.message : String(error);
  }
  signedIn.value = true;
  unlockFeed();
  return "";
}

/** End the session of this browser. */
export async function signOut() {
  await call("/session", {}, { method: "DELETE" });
  signedIn.value = false;
  lockFeed();
}
