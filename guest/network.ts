/** `fetch`, with the refusals of the gateway as errors: what it says is not the answer of whom the program asked. */

import { apply, defineProperty, getter, guard, NativeTypeError, parse, uncurry } from "./primordials.ts";

/** The gateway takes it out of every answer that it carries. */
const REFUSED = "thorp-egress-error";

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

/** Puts itself before the global `fetch`. */
export function installFetch(): void {
  const native = fetch;
  const headersOf = uncurry(getter<Response, Headers>(Response.prototype, "headers"));
  const textOf = uncurry(Response.prototype.text);
  const hasHeader = uncurry(Headers.prototype.has);
  const value = {
    async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      const response = await guard(apply(native, undefined, [input, init]) as Promise<Response>);
      if (!hasHeader(headersOf(response), REFUSED)) return response;
      const { error } = parse(await guard(textOf(response))) as Refusal;
      throw new NativeTypeError(`${error.code}: ${error.message}`);
    },
  }.fetch;
  defineProperty(globalThis, "fetch", { configurable: true, enumerable: true, writable: true, value });
}
