/**
 * The parts of the language that the guest goes on using after the user's code ran: captured before it, so that nothing
 * that it patches is ever called by the guest. A method is turned into a function that takes its `this` first.
 */

const { bind, call } = Function.prototype;

// `bind` is looked up here once; a bound function looks nothing up when it is called.
export const uncurry = bind.bind(call) as <This, Args extends unknown[], Result>(
  method: (this: This, ...args: Args) => Result,
) => (self: This, ...args: Args) => Result;

export const { apply, construct, defineProperty, get } = Reflect;
export const { isArray } = Array;
export const { freeze, hasOwn, keys } = Object;
export const { parse } = JSON;
export const { min } = Math;
export const NativeError = Error;
export const NativePromise = Promise;
export const NativeTypeError = TypeError;
export const NativeUint8Array = Uint8Array;
export const String_ = String;

/** The methods that change an array. */
export const methodsOfArrays: Record<string, (this: unknown[], ...args: never[]) => unknown> = {
  __proto__: null as never,
  ...pick(Array.prototype, [
    "copyWithin",
    "fill",
    "pop",
    "push",
    "reverse",
    "shift",
    "sort",
    "splice",
    "unshift",
  ]),
};

function pick<Key extends keyof typeof Array.prototype>(from: typeof Array.prototype, names: Key[]) {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Record<Key, never>;
}

const { stringify } = JSON;

/** The text that `JSON.stringify` makes; `undefined` where the value has none. */
export function toJson(value: unknown): string | undefined {
  return stringify(value);
}

/** A string as JSON text, with lone surrogates replaced. Nothing of the user's is looked up for a plain string. */
export function quote(text: string): string {
  return stringify(wellFormed(text));
}

export const slice = uncurry(String.prototype.slice);
export const endsWith = uncurry(String.prototype.endsWith);
export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const startsWith = uncurry(String.prototype.startsWith);
export const matches = uncurry(RegExp.prototype.test);
export const sourceOf = uncurry(Function.prototype.toString);
export const setBytes = uncurry(Uint8Array.prototype.set);

const bytesPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const bufferOf = uncurry(getter<Uint8Array, ArrayBuffer>(bytesPrototype, "buffer"));
const offsetOf = uncurry(getter<Uint8Array, number>(bytesPrototype, "byteOffset"));
export const lengthOf = uncurry(getter<Uint8Array, number>(bytesPrototype, "byteLength"));

/** The function that reads an accessor. */
export function getter<This, Value>(prototype: object, name: string): (this: This) => Value {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new TypeError(`There is no \`${name}\` to read`);
  return get;
}

/** A part of some bytes, which it shares. The language's own `subarray` would ask the prototype for a constructor. */
export function view(bytes: Uint8Array, from: number, to: number = lengthOf(bytes)): Uint8Array<ArrayBuffer> {
  return new NativeUint8Array(bufferOf(bytes), offsetOf(bytes) + from, to - from);
}

const wellFormed = uncurry(String.prototype.toWellFormed);
const thenOf = uncurry(Promise.prototype.then);
const encodeText = uncurry(TextEncoder.prototype.encode);
const decodeText = uncurry(TextDecoder.prototype.decode);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** UTF-8 of a text. */
export function encode(text: string): Uint8Array<ArrayBuffer> {
  return encodeText(encoder, text);
}

/** The text of UTF-8. */
export function decode(bytes: Uint8Array): string {
  return decodeText(decoder, bytes);
}

/** The constructor of async functions, which has no name of its own in the language. */
export const AsyncFunction = (async () => {}).constructor as new (
  ...parametersAndCode: string[]
) => (...args: unknown[]) => Promise<unknown>;

/**
 * Makes a promise of the engine safe to `await`: `await` asks it for its `constructor` and, if that is not the engine's,
 * calls its `then`, and the user's code may have replaced both on the prototype.
 */
export function guard<Value>(promise: Promise<Value>): Promise<Value> {
  return constructedBy(promise, NativePromise);
}

/** Calls one of two functions when a promise of the engine settles. */
export function settle<Value>(
  promise: Promise<Value>,
  onValue: (value: Value) => void,
  onError: (error: unknown) => void,
): void {
  // `then` asks the constructor what to make; without one, it makes a promise of the engine.
  thenOf(constructedBy(promise, undefined), onValue as (value: unknown) => void, onError);
}

function constructedBy<Value>(promise: Promise<Value>, constructor: unknown): Promise<Value> {
  defineProperty(
    promise,
    "constructor",
    { __proto__: null, configurable: true, value: constructor } as PropertyDescriptor,
  );
  return promise;
}
