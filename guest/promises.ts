/**
 * Promises inside of a value. The classic dialect waits for them wherever they stand in arrays and plain objects; the standard
 * one leaves them where they are.
 */

import { defineProperty, get, isArray, keys, NativePromise, NativeTypeError, settle } from "./primordials.ts";

const { getPrototypeOf: prototypeOf, prototype: plainPrototype } = Object;

/** How many promises may lie in each other: what contains itself has no end. */
const PROMISE_DEPTH_MAX = 100;

/** What a value lies in. */
interface Around {
  readonly value: object;
  readonly next: Around | null;
}

/** A place of a copy that a promise stands for. */
interface Gap {
  readonly holder: object;
  readonly key: string;
  readonly promise: unknown;
  readonly depth: number;
}

/** A value whose promises have places of their own. */
export interface Filled {
  /** A copy of its arrays and plain objects, which has them in the end. */
  readonly whole: unknown;
  /** When that is; `null` if it has no promises. */
  readonly wait: Promise<void> | null;
}

/**
 * A value with what its promises give in their places. Each property is read once: to read it may do something, and what becomes
 * of the value reads the copy.
 */
export function withoutPromises(value: unknown): Filled {
  const gaps: Gap[] = [];
  const whole = filled(value, gaps, 0, null);
  return { whole, wait: gaps.length === 0 ? null : waitFor(gaps) };
}

function waitFor(first: Gap[]): Promise<void> {
  return new NativePromise((resolve, reject) => {
    let waiting = 0;
    const wait = (gaps: Gap[]): void => {
      waiting += gaps.length;
      for (let index = 0; index < gaps.length; index++) fill(gaps[index]!);
    };
    const fill = ({ holder, key, promise, depth }: Gap): void => {
      const given = (value: unknown): void => {
        const inside: Gap[] = [];
        try {
          put(holder, key, filled(value, inside, depth + 1, null));
        } catch (error) {
          return reject(error);
        }
        waiting--;
        wait(inside);
        if (waiting === 0) resolve();
      };
      // The engine asks whatever has a `then` for its value.
      settle(new NativePromise<unknown>((resolve) => resolve(promise)), given, reject);
    };
    wait(first);
  });
}

/** A copy of what holds others, with gaps where promises were; any other value itself. */
function filled(value: unknown, gaps: Gap[], depth: number, around: Around | null): unknown {
  if (!isHolder(value) || isAround(value, around)) return value;
  const here = { value, next: around };
  const copy: object = isArray(value) ? [] : {};
  if (isArray(value)) (copy as unknown[]).length = value.length;
  const names = keys(value);
  for (let index = 0; index < names.length; index++) {
    const key = names[index]!;
    const item: unknown = get(value, key);
    if (typeof item !== "object" || item === null || !isPromise(item)) {
      put(copy, key, filled(item, gaps, depth, here));
      continue;
    }
    if (depth > PROMISE_DEPTH_MAX) throw new NativeTypeError("There are promises in promises without an end");
    put(copy, key, undefined);
    gaps[gaps.length] = { holder: copy, key, promise: item, depth };
  }
  return copy;
}

function isHolder(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (isArray(value)) return true;
  const prototype: unknown = prototypeOf(value);
  return prototype === plainPrototype || prototype === null;
}

/** Whether the language would wait for it. */
export function isPromise(value: object): boolean {
  return typeof (value as { then?: unknown }).then === "function";
}

function isAround(value: object, around: Around | null): boolean {
  for (let each = around; each !== null; each = each.next) {
    if (each.value === value) return true;
  }
  return false;
}

/** Sets a property of its own, whatever its name. */
function put(holder: object, key: string, value: unknown): void {
  defineProperty(
    holder,
    key,
    { __proto__: null, configurable: true, enumerable: true, writable: true, value } as PropertyDescriptor,
  );
}
