/** Holds frames against live.schema.json: the part of JSON Schema 2020-12 that it uses, and nothing more. */

import { readFileSync } from "node:fs";

export const SCHEMA = JSON.parse(
  readFileSync(
    new URL("../../services/controller/evswarm_controller/dashboard/live.schema.json", import.meta.url),
    "utf-8",
  ),
);

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const TYPES = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  null: (value) => value === null,
};

/** What each keyword finds wrong with a value; "" for nothing. */
const KEYWORDS = {
  $ref: (path, value) => faultOf(SCHEMA.$defs[path.replace("#/$defs/", "")], value),
  oneOf: (options, value) => {
    const fitting = options.filter((option) => !faultOf(option, value)).length;
    return fitting === 1 ? "" : `fits ${fitting} of ${options.length} choices`;
  },
  allOf: (parts, value) => parts.map((part) => faultOf(part, value)).find(Boolean) ?? "",
  type: (types, value) =>
    [types].flat().some((type) => TYPES[type](value)) ? "" : `${JSON.stringify(value)} is no ${types}`,
  const: (only, value) =>
    JSON.stringify(value) === JSON.stringify(only) ? "" : `is not ${JSON.stringify(only)}`,
  enum: (choices, value) =>
    choices.includes(value) ? "" : `${JSON.stringify(value)} is not among ${choices}`,
  required: (names, value) => (isObject(value) ? names.find((name) => !(name in value)) : "") ?? "",
  dependentRequired: (rules, value) =>
    Object.entries(rules)
      .filter(([name]) => name in value)
      .flatMap(([, names]) => names)
      .find((name) => !(name in value)) ?? "",
  properties: (schemas, value) =>
    (isObject(value) &&
      Object.entries(schemas)
        .filter(([name]) => name in value)
        .map(([name, schema]) => named(name, faultOf(schema, value[name])))
        .find(Boolean)) ||
    "",
  additionalProperties: (allowed, value, schema) => {
    if (!isObject(value)) return "";
    const others = Object.keys(value).filter((name) => !(name in (schema.properties ?? {})));
    if (allowed === false) return others[0] ? `${others[0]} is unknown` : "";
    return others.map((name) => named(name, faultOf(allowed, value[name]))).find(Boolean) ?? "";
  },
  items: (schema, value) =>
    (Array.isArray(value) && value.map((item, i) => named(i, faultOf(schema, item))).find(Boolean)) || "",
  prefixItems: (schemas, value) =>
    (Array.isArray(value) &&
      value.map((item, i) => (schemas[i] ? named(i, faultOf(schemas[i], item)) : "")).find(Boolean)) ||
    "",
  minItems: (least, value) => (Array.isArray(value) && value.length < least ? "is too short" : ""),
  maxItems: (most, value) => (Array.isArray(value) && value.length > most ? "is too long" : ""),
  minLength: (least, value) => (typeof value === "string" && value.length < least ? "is too short" : ""),
  maxLength: (most, value) => (typeof value === "string" && value.length > most ? "is too long" : ""),
  minimum: (least, value) => (typeof value === "number" && value < least ? `is below ${least}` : ""),
  maximum: (most, value) => (typeof value === "number" && value > most ? `is above ${most}` : ""),
  exclusiveMinimum: (bound, value) => (typeof value === "number" && value <= bound ? "is too small" : ""),
};

const WORDS = new Set(["title", "description", "$schema", "$id", "$defs"]);

const named = (name, fault) => (fault ? `${name}: ${fault}` : "");

/** What is wrong with a value; "" for nothing. */
function faultOf(schema, value) {
  for (const [keyword, operand] of Object.entries(schema)) {
    if (WORDS.has(keyword)) continue;
    const check = KEYWORDS[keyword];
    if (!check) throw new Error(`live.schema.json uses ${keyword}, which this reader does not know`);
    const fault = check(operand, value, schema);
    if (fault) return fault;
  }
  return "";
}

/** What is wrong with a frame of the client; "" for nothing. */
export const clientFault = (frame) => faultOf(SCHEMA.$defs.client, frame);

/** What is wrong with a frame of the server; "" for nothing. */
export const serverFault = (frame) => faultOf(SCHEMA.$defs.server, frame);
