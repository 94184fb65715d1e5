/** Light, dark, or as the system says: kept in the browser, shown by an attribute of the root element. */

import { signal } from "../vendor/runtime.js";

const KEY = "evswarm.theme";

/** @typedef {"auto" | "light" | "dark"} Theme */
/** @type {readonly Theme[]} */
export const THEMES = ["auto", "light", "dark"];

/** @returns {Theme} */
function stored() {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? "auto";
  } catch {
    return "auto";
  }
}

export const theme = signal(stored());

/** @param {Theme} value */
export function setTheme(value) {
  theme.value = value;
  document.documentElement.dataset.theme = value;
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // A browser that stores nothing keeps the choice until it is closed.
  }
}

setTheme(theme.value);
