/** Compares what the audit found in two Compartments: what is open, as texts. */

const CHANGEABLE = [Map, Set, WeakMap, WeakSet, ArrayBuffer, Date, RegExp, FormData, Headers, URLSearchParams, URL];

function isChangeable(value) {
  // A prototype is of its own kind, but has nothing inside.
  return ArrayBuffer.isView(value) ||
    CHANGEABLE.some((kind) => value !== kind.prototype && Object.prototype.isPrototypeOf.call(kind.prototype, value));
}

/** What must not be within reach, by name. */
export function openings(one, other, forbidden) {
  const open = [];
  for (const found of [one, other]) {
    for (const [name, value] of forbidden) {
      if (found.has(value)) open.push(`${name} is reached by ${found.get(value)}`);
    }
  }
  for (const [value, path] of one) {
    if (!other.has(value)) continue;
    if (!Object.isFrozen(value)) open.push(`shared and not frozen: ${path}`);
    else if (isChangeable(value)) open.push(`shared and changeable inside: ${path}`);
  }
  return open;
}
