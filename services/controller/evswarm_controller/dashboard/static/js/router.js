/**
 * The address: which page is shown and what its search part says. Links to pages of ours change it without a new
 * document, so that the feed stays open; Back and a copied address work as everywhere.
 */

import { computed, signal } from "../vendor/runtime.js";
import { isPage, parseRoute } from "./state/route.js";

const address = signal({ path: location.pathname, search: location.search });

/** The path, percent-encoded as the address has it. */
export const path = computed(() => address.value.path);
/** The search part, with its "?"; "" for none. */
export const search = computed(() => address.value.search);
/** The page that is shown. */
export const route = computed(() => parseRoute(path.value));

/**
 * Go to a page of ours, or to another view of the one shown.
 *
 * @param {string} href absolute path with its search part
 * @param {{replace?: boolean}} [options] replace: no entry of its own in the browser's history (typing)
 */
export function navigate(href, { replace = false } = {}) {
  const url = new URL(href, location.href);
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  const moved = url.pathname !== address.peek().path;
  address.value = { path: url.pathname, search: url.search };
  if (moved && !replace) scrollTo(0, 0);
}

/** Change what the page's search part says. @param {string} text with its "?" @param {{replace?: boolean}} [options] */
export const setSearch = (text, options) => navigate(`${address.peek().path}${text}`, options);

/** Begin to follow the browser's Back and Forward, and clicks on links. */
export function followAddress() {
  addEventListener("popstate", () => {
    address.value = { path: location.pathname, search: location.search };
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !isPage(link.pathname)) return;
    // A link to a place on this very page is the browser's own business.
    if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
    event.preventDefault();
    navigate(link.href);
  });
}
