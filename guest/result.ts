/** A program's value as JSON text, or where and why it has none. */

import { apply, get, isArray, keys, matches, quote, toJson } from "./primordials.ts";

/** What became of a value. */
export type Result =
  | { readonly kind: "value"; readonly json: string }
  | { readonly kind: "undefined" }
  | { readonly kind: "notJson"; readonly path: string; readonly reason: string }
  | { readonly kind: "thrown"; readonly error: unknown };

interface Found {
  readonly path: string;
  readonly reason: string;
}

interface Ancestor {
  readonly value: object;
  readonly parent: Ancestor | null;
}

const NAME = /^[A-Za-z_$][\w$]*$/;
const ROOT = "$";

/** Makes a result of a value. */
export function resultOf(value: unknown): Result {
  const reason = reasonAgainst(value);
  if (reason !== null) return { kind: "notJson", path: ROOT, reason };
  try {
    const json = toJson(value);
    return json === undefined ? { kind: "undefined" } : { kind: "value", json };
  } catch (error) {
    const found = explain(value);
    return found === null ? { kind: "thrown", error } : { kind: "notJson", path: found.path, reason: found.reason };
  }
}

function reasonAgainst(value: unknown): string | null {
  if (typeof value === "function") return "it is a function";
  if (typeof value === "symbol") return "it is a symbol";
  return null;
}

/** Walks as `JSON.stringify` does, to find what it fell over; `null` if that was an error of the user's own code. */
function explain(value: unknown): Found | null {
  try {
    return search(value, "", ROOT, null);
  } catch {
    return null;
  }
}

function search(original: unknown, key: string, path: string, parent: Ancestor | null): Found | null {
  const value = replaced(original, key);
  if (typeof value === "bigint") return { path, reason: "it is a BigInt; use a string or a number" };
  if (typeof value !== "object" || value === null) return null;
  for (let above = parent; above !== null; above = above.parent) {
    if (above.value === value) return { path, reason: "it contains itself" };
  }
  const here = { value, parent };
  return isArray(value) ? searchItems(value, path, here) : searchEntries(value, path, here);
}

function searchItems(items: unknown[], path: string, here: Ancestor): Found | null {
  for (let index = 0; index < items.length; index++) {
    const found = search(items[index], `${index}`, `${path}[${index}]`, here);
    if (found !== null) return found;
  }
  return null;
}

function searchEntries(value: object, path: string, here: Ancestor): Found | null {
  const names = keys(value);
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    const step = matches(NAME, name) ? `.${name}` : `[${quote(name)}]`;
    const found = search(get(value, name), name, path + step, here);
    if (found !== null) return found;
  }
  return null;
}

function replaced(value: unknown, key: string): unknown {
  if (typeof value !== "bigint" && (typeof value !== "object" || value === null)) return value;
  const toJSON = (value as { toJSON?: unknown }).toJSON;
  return typeof toJSON === "function" ? apply(toJSON, value, [key]) : value;
}
