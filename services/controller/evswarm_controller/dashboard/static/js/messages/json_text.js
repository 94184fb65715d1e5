/** JSON as people read it: pretty, in coloured parts, and as one line. Pure. */

/** @typedef {{text: string, kind: "plain" | "key" | "string" | "number" | "word"}} Part */

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Most characters of a one-line form. */
export const LINE_LENGTH = 160;

/** Indented by two. @param {unknown} value */
export const pretty = (value) => JSON.stringify(value, null, 2) ?? "";

/** The pretty form in parts, to be shown one after the other. @param {unknown} value @returns {Part[]} */
export function parts(value) {
  const text = pretty(value);
  /** @type {Part[]} */
  const found = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), kind: "plain" });
    const token = match[1] ?? match[0];
    const kind =
      match[2] !== undefined ? "key" : match[1] ? "string" : /^[tfn]/.test(token) ? "word" : "number";
    found.push({ text: token, kind });
    from = match.index + token.length;
  }
  if (from < text.length) found.push({ text: text.slice(from), kind: "plain" });
  return found;
}

/**
 * A payload in one line: its plain fields by name, its lists by their length.
 *
 * @param {unknown} payload
 */
export function line(payload) {
  if (payload === null || payload === undefined) return "";
  const words = typeof payload === "object" ? fields(/** @type {object} */ (payload)) : String(payload);
  return words.length > LINE_LENGTH ? `${words.slice(0, LINE_LENGTH - 1)}…` : words;
}

/** @param {object} value @returns {string} */
const fields = (value) =>
  Object.entries(value)
    .map(([name, field]) => {
      if (Array.isArray(field)) return `${name} ×${field.length}`;
      if (field !== null && typeof field === "object") return `${name} {${fields(field)}}`;
      return `${name} ${field}`;
    })
    .join(" · ");
