/**
 * Which page an address shows. Every path that is none of these belongs to the API. Pure.
 *
 * @typedef {{page: "swarm" | "workers" | "messages" | "about" | "missing"} | {page: "station", id: string}} Route
 */

/** Most letters of a station's id: the feed and the API know no longer ones. */
const MOST_LETTERS = 48;

const PAGES = new Set(/** @type {const} */ (["workers", "messages", "about"]));

/** @param {string} pathname of an address, still percent-encoded @returns {Route} */
export function parseRoute(pathname) {
  if (pathname === "/") return { page: "swarm" };
  const [root, name = "", ...rest] = pathname.slice(1).replace(/\/$/, "").split("/");
  if (root !== "ui") return { page: "missing" };
  if (name === "") return { page: "swarm" };
  for (const page of PAGES) if (page === name && rest.length === 0) return { page };
  const id = name === "stations" && rest.length === 1 ? decoded(rest[0] ?? "") : "";
  return id && id.length <= MOST_LETTERS ? { page: "station", id } : { page: "missing" };
}

/** Whether a path is one of ours, so that a click on a link to it needs no new document. @param {string} pathname */
export const isPage = (pathname) => pathname === "/" || pathname === "/ui" || pathname.startsWith("/ui/");

/** Where a station has its page. @param {string} id */
export const stationPath = (id) => `/ui/stations/${encodeURIComponent(id)}`;

/** What the browser's tab says. @param {Route} route */
export function titleOf(route) {
  if (route.page === "swarm") return "evswarm";
  if (route.page === "station") return `${route.id} · evswarm`;
  const words = { workers: "Workers", messages: "Messages", about: "About", missing: "No such page" };
  return `${words[route.page]} · evswarm`;
}

/** @param {string} part of a path; "" when it is no text */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
