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

/** A value with what its promises give in their places, in an object for whoever awaits it. `null` if it has no promise. */
export function withoutPromises(value: unknown): Promise<{ readonly whole: unknown }> | null {
  const gaps: Gap[] = [];
  const whole = filled(value, gaps, 0, null);
  if (gaps.length === 0) return null;
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
        if (waiting === 0) resolve({ whole });
      };
      // The engine asks whatever has a `then` for its value.
      settle(new NativePromise<unknown>((resolve) => resolve(promise)), given, reject);
    };
    wait(gaps);
  });
}

/** A copy with gaps where promises were; the value itself if there were none. */
function filled(value: unknown, gaps: Gap[], depth: number, around: Around | null): unknown {
  if (!isHolder(value) || isAround(value, around)) return value;
  const here = { value, next: around };
  const names = keys(value);
  let copy: object | null = null;
  for (let index = 0; index < names.length; index++) {
    const key = names[index]!;
    const item: unknown = get(value, key);
    if (typeof item !== "object" || item === null) continue;
    const isGap = isPromise(item);
    const inner = isGap ? undefined : filled(item, gaps, depth, here);
    if (inner === item) continue;
    copy ??= shallow(value, names);
    put(copy, key, inner);
    if (!isGap) continue;
    if (depth > PROMISE_DEPTH_MAX) throw new NativeTypeError("There are promises in promises without an end");
    gaps[gaps.length] = { holder: copy, key, promise: item, depth };
  }
  return copy ?? value;
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

function shallow(value: object, names: readonly string[]): object {
  const copy: object = isArray(value) ? [] : {};
  if (isArray(value)) (copy as unknown[]).length = value.length;
  for (let index = 0; index < names.length; index++) put(copy, names[index]!, get(value, names[index]!));
  return copy;
}

/** Sets a property of its own, whatever its name. */
function put(holder: object, key: string, value: unknown): void {
  defineProperty(
    holder,
    key,
    { __proto__: null, configurable: true, enumerable: true, writable: true, value } as PropertyDescriptor,
  );
}
