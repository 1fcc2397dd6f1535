/** The walk that freezes everything that two users' code could share. */

import { freeze } from "../primordials.ts";

const { getPrototypeOf, ownKeys, getOwnPropertyDescriptor } = Reflect;
const { isView } = ArrayBuffer;

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

/** Walks from things to what is shared. */
export class Freezer {
  /** What is frozen with all that it leads to. */
  #settled = new Set<object>();

  /** Everything that can be reached from a value by properties, accessors and prototypes. Nothing is called. */
  #reach(root: unknown): Set<object> {
    const found = new Set<object>();
    const left = [root];
    while (left.length > 0) {
      const value = left.pop();
      if (!isObject(value) || found.has(value) || this.#settled.has(value)) continue;
      if (value === globalThis) throw new TypeError("The realm's own global is within reach");
      found.add(value);
      left.push(getPrototypeOf(value));
      // The many numbers of a typed array lead nowhere.
      if (isView(value)) continue;
      for (const key of ownKeys(value)) {
        const property = getOwnPropertyDescriptor(value, key)!;
        left.push(property.value, property.get, property.set);
      }
    }
    return found;
  }

  /** Freezes everything that can be reached from a value. */
  freeze(root: unknown): void {
    for (const value of this.#reach(root)) {
      freeze(value);
      this.#settled.add(value);
    }
  }

  /** Freezes what two things of a kind have in common, and leaves what each has for itself. */
  freezeCommon(one: unknown, other: unknown): void {
    const ofOther = this.#reach(other);
    for (const value of this.#reach(one)) {
      if (ofOther.has(value)) this.freeze(value);
    }
  }
}
