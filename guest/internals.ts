/**
 * What the guest takes from Deno's own insides, and the one place that knows of them. {@link seal} takes them away from
 * the user's code.
 */

/** Deno's console, with a function of our own that prints. */
export interface ConsoleConstructor {
  new (print: (text: string, level: number) => void): Console;
}

interface Internals {
  Console: ConsoleConstructor;
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
 * Removes the way to Deno's insides, and the one way to write files that asks for no permission: what is put into `caches`
 * goes to the disk, without a bound.
 */
export function seal(): void {
  delete host[door];
  delete (globalThis as { caches?: CacheStorage }).caches;
}
