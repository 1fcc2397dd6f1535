/** `fetch`, with the refusals of the gateway as errors: what it says is not the answer of whom the program asked. */

import { apply, defineProperty, guard, NativeTypeError, parse } from "./primordials.ts";

/** The gateway takes it out of every answer that it carries. */
const REFUSED = "thorp-egress-error";

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

/**
 * Puts itself before the global `fetch`. Nothing of it is touched before a program does: Deno loads what it needs for it
 * then, which takes ten milliseconds. What a program has patched by then misleads that program alone.
 */
export function installFetch(): void {
  const native = fetch;
  const value = {
    async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      const response = await guard(apply(native, undefined, [input, init]) as Promise<Response>);
      if (!response.headers.has(REFUSED)) return response;
      const { error } = parse(await response.text()) as Refusal;
      throw new NativeTypeError(`${error.code}: ${error.message}`);
    },
  }.fetch;
  defineProperty(globalThis, "fetch", { configurable: true, enumerable: true, writable: true, value });
}

const PROXY = "ALL_PROXY";
/** Certificate authorities of the operator's. */
const AUTHORITIES = "NODE_EXTRA_CA_CERTS";

/**
 * Hides from programs where `fetch` leads, and whom TLS trusts: Deno reads both from the process's environment whenever it
 * begins to, and libraries that read the first too would take it for a proxy that they can speak with. What a program sets
 * itself it sees.
 */
export function hideSettings(): void {
  const { env } = Deno;
  const { get, has, toObject } = env;
  const proxy = get(PROXY);
  const authorities = get(AUTHORITIES);
  const isHidden = (name: string) => {
    if (name === PROXY) return proxy !== undefined && get(name) === proxy;
    return name === AUTHORITIES && authorities !== undefined && get(name) === authorities;
  };
  env.get = (name) => isHidden(name) ? undefined : get(name);
  env.has = (name) => !isHidden(name) && has(name);
  env.toObject = () => {
    const all = toObject();
    if (isHidden(PROXY)) delete all[PROXY];
    if (isHidden(AUTHORITIES)) delete all[AUTHORITIES];
    return all;
  };
}
