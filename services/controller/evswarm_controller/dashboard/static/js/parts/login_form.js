/** Asks for the controller's token, in place of the page. */

import { html, useEffect, useRef, useState } from "../../vendor/runtime.js";
import { signIn } from "../state/access.js";

export function LoginForm() {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState("");
  const [sending, setSending] = useState(false);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (sending) return;
    if (!token) return setProblem("Type the token first.");
    setSending(true);
    const failure = await signIn(token);
    setSending(false);
    setProblem(failure);
    if (failure) field.current?.select();
  };

  return html`
    <form class="card login" onSubmit=${submit} novalidate>
      <h1 tabindex="-1">Sign in</h1>
      <p class="muted" id="token-hint">This controller was started with EVSWARM_API_TOKEN; it asks for that token.</p>
      <!-- Browsers keep a password by the name of a user. -->
      <input type="text" name="username" autocomplete="username" value="evswarm" readonly hidden />
      <label for="token">Token</label>
      <input
        ref=${field}
        id="token"
        type="password"
        autocomplete="current-password"
        spellcheck=${false}
        aria-invalid=${problem !== ""}
        aria-describedby="token-hint token-problem"
        value=${token}
        onInput=${(/** @type {any} */ e) => setToken(e.target.value)}
      />
      <p id="token-problem" class="problem" role="alert">${problem}</p>
      <button type="submit" class="primary" aria-disabled=${sending}>${sending ? "Signing in…" : "Sign in"}</button>
    </form>
  `;
}
