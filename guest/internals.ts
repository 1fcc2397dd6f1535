/**
 * What the guest takes from Deno's own insides, and the one place that knows of them. {@link seal} takes them away from
 * the user's code.
 */

import { apply, defineProperty, NativePromise } from "./primordials.ts";

/** Deno's console, with a function of our own that prints. */
export interface ConsoleConstructor {
  new (print: (text: string, level: number) => void): Console;
}

type Answering = (request: Request) => Response | Promise<Response>;

interface Internals {
  Console: ConsoleConstructor;
  serveHttpOnConnection(
    connection: Deno.Conn,
    signal: AbortSignal,
    handler: Answering,
    onError: (error: unknown) => Response,
    onListen: (scheme: string) => void,
  ): unknown;
}

const door = (Deno as unknown as { internal: symbol }).internal;
const host = Deno as unknown as Record<symbol, Internals | undefined>;
const internals = host[door];
if (internals === undefined) {
  throw new TypeError("This version of Deno has no internals where the guest expects them");
}

export const DenoConsole: ConsoleConstructor = internals.Console;
export const inspect: typeof Deno.inspect = Deno.inspect;

/**
 * What answers the requests of a connection, as `Deno.serve` does for those that it accepts. Deno loads it, which takes
 * thirteen milliseconds, when it is asked for.
 */
export function httpServer(): (
  connection: Deno.Conn,
  handler: Answering,
  onError: (error: unknown) => Response,
) => void {
  const serve = internals!.serveHttpOnConnection;
  const { signal } = new AbortController();
  const onListen = () => {};
  return (connection, handler, onError) => void serve(connection, signal, handler, onError, onListen);
}

const promises = NativePromise.prototype as unknown as Record<string, unknown>;
const { then: nativeThen } = NativePromise.prototype;

/**
 * Calls a function that begins to serve a connection, and does not let it notice the end of it before `goOn` has been called:
 * Deno ends the WebSockets that a connection has become with whatever served it. It waits for that end with `await`, once and
 * at once; that is what is taken in hand here.
 */
export function holdEnd(serve: () => void, ended: (goOn: () => void) => void): void {
  const { getOwnPropertyDescriptor } = Object;
  const constructor = getOwnPropertyDescriptor(promises, "constructor")!;
  const then = getOwnPropertyDescriptor(promises, "then")!;
  const held = function (this: unknown, onEnd: (value: unknown) => void, onError: unknown) {
    return apply(nativeThen as never, this, [(value: unknown) => ended(() => onEnd(value)), onError] as never);
  };
  const property = { __proto__: null, configurable: true, writable: true };
  defineProperty(promises, "constructor", { ...property, value: undefined } as PropertyDescriptor);
  defineProperty(promises, "then", { ...property, value: held } as PropertyDescriptor);
  try {
    serve();
  } finally {
    defineProperty(promises, "constructor", constructor);
    defineProperty(promises, "then", then);
  }
}

let knowsAddresses = false;

/** Gives requests of connections that were accepted by nobody an address: Deno asks for it before it upgrades them. */
export function giveAddress(request: Request): void {
  if (knowsAddresses) return;
  knowsAddresses = true;
  const symbols = Object.getOwnPropertySymbols(request) as unknown as (keyof Request)[];
  for (let index = 0; index < symbols.length; index++) {
    const inner: unknown = request[symbols[index]!];
    const prototype = typeof inner === "object" && inner !== null ? Object.getPrototypeOf(inner) : null;
    if (prototype === null || !("remoteAddr" in prototype)) continue;
    const get = () => ({ transport: "tcp", hostname: "127.0.0.1", port: 0 });
    defineProperty(prototype, "remoteAddr", { __proto__: null, configurable: true, get } as PropertyDescriptor);
  }
}

/**
 * Removes the way to Deno's insides, and the one way to write files that asks for no permission: what is put into `caches`
 * goes to the disk, without a bound.
 */
export function seal(): void {
  delete host[door];
  delete (globalThis as { caches?: CacheStorage }).caches;
}
