/**
 * A form's values against a JSON Schema: what a new part begins with, what is sent, and what looks wrong before it is.
 * Pure. While it is typed a value may be text where the schema has a number; undefined and "" are "left out".
 *
 * @typedef {object} Schema the part of JSON Schema that OCPP's messages use
 * @property {string} [type]
 * @property {Record<string, Schema>} [properties]
 * @property {readonly string[]} [required]
 * @property {Schema} [items]
 * @property {readonly string[]} [enum]
 * @property {string} [format]
 * @property {string} [description]
 * @property {number} [maxLength]
 * @property {number} [minLength]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [multipleOf]
 * @property {number} [minItems]
 */

/** What a part begins with when it is added: everything required, and one item where items are. @param {Schema} schema @returns {any} */
export function blank(schema) {
  if (schema.type === "object") {
    const required = new Set(schema.required);
    return Object.fromEntries(
      Object.entries(schema.properties ?? {})
        .filter(([name]) => required.has(name))
        .map(([name, part]) => [name, blank(part)]),
    );
  }
  if (schema.type === "array") return schema.items ? [blank(schema.items)] : [];
  return schema.enum?.[0] ?? "";
}

/**
 * The value with a part replaced; undefined removes it.
 *
 * @param {any} value
 * @param {readonly (string | number)[]} path
 * @param {any} part
 * @returns {any}
 */
export function withPart(value, path, part) {
  const [name, ...rest] = path;
  if (name === undefined) return part;
  const inner = withPart(value?.[name], rest, part);
  if (Array.isArray(value)) {
    return inner === undefined
      ? value.filter((_, i) => i !== name)
      : value.map((old, i) => (i === name ? inner : old));
  }
  const { [name]: _, ...others } = value ?? {};
  if (inner === undefined) return others;
  // A field keeps its place.
  return name in (value ?? {}) ? { ...value, [name]: inner } : { ...others, [name]: inner };
}

/** What is sent: numbers as numbers, and nothing that was left empty. @param {Schema} schema @param {any} value @returns {any} */
export function sent(schema, value) {
  if (schema.type === "object" && value && typeof value === "object") {
    const required = new Set(schema.required);
    const entries = Object.entries(value)
      .map(([name, part]) => [name, sent(schema.properties?.[name] ?? {}, part)])
      .filter(([name, part]) => part !== undefined && (part !== "" || required.has(String(name))));
    return Object.fromEntries(entries);
  }
  if (schema.type === "array" && Array.isArray(value)) {
    return value.map((item) => sent(schema.items ?? {}, item));
  }
  if ((schema.type === "integer" || schema.type === "number") && typeof value === "string") {
    const text = value.trim();
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  }
  return value;
}

/**
 * What looks wrong, by the path of the field ("a.b.0"). The server has the last word.
 *
 * @param {Schema} schema
 * @param {any} value as `sent` gives it
 * @param {string} [path]
 * @param {Record<string, string>} [found]
 */
export function hints(schema, value, path = "", found = {}) {
  /** @param {string | number} name */
  const inner = (name) => (path ? `${path}.${name}` : String(name));
  if (schema.type === "object" && value && typeof value === "object") {
    for (const name of schema.required ?? []) {
      const part = value[name];
      if (part === undefined || part === "") found[inner(name)] = "required";
    }
    for (const [name, part] of Object.entries(value)) {
      const its = schema.properties?.[name];
      if (its && part !== "") hints(its, part, inner(name), found);
    }
    return found;
  }
  if (schema.type === "array" && Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) found[path] = `at least ${schema.minItems}`;
    value.forEach((item, i) => {
      hints(schema.items ?? {}, item, inner(i), found);
    });
    return found;
  }
  const hint = wrong(schema, value);
  if (hint) found[path] = hint;
  return found;
}

/** @param {Schema} schema @param {any} value @returns {string} "" for nothing */
function wrong(schema, value) {
  if (schema.type === "integer" && !Number.isInteger(value)) return "a whole number";
  if (schema.type === "number" && typeof value !== "number") return "a number";
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) return `at least ${schema.minimum}`;
    if (schema.maximum !== undefined && value > schema.maximum) return `at most ${schema.maximum}`;
    if (schema.multipleOf === 0.1 && Math.abs(value * 10 - Math.round(value * 10)) > 1e-6)
      return "at most one decimal";
  }
  if (typeof value !== "string") return "";
  if (schema.maxLength !== undefined && [...value].length > schema.maxLength)
    return `at most ${schema.maxLength} characters`;
  if (schema.minLength !== undefined && [...value].length < schema.minLength)
    return `at least ${schema.minLength} characters`;
  if (schema.enum && !schema.enum.includes(value)) return "one of the list";
  if (
    schema.format === "date-time" &&
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value)
  )
    return "a time as 2026-11-22T12:00:00Z";
  return "";
}

/** A field's name in words: "chargingRateUnit" → "Charging rate unit", "id_tag" → "Id tag". @param {string} name */
export function labelOf(name) {
  const words = name
    .replaceAll("_", " ")
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
