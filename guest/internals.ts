/**
 * What the guest takes from Deno's own insides, and the one place that knows of them. {@link seal} takes them away from
 * the user's code.
 */

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

/**
 * Removes the way to Deno's insides, and the one way to write files that asks for no permission: what is put into `caches`
 * goes to the disk, without a bound.
 */
export function seal(): void {
  delete host[door];
  delete (globalThis as { caches?: CacheStorage }).caches;
}
