import { thrownFailure } from "./failure.ts";

function check(thrown: unknown, name: string, message: string): void {
  const said = JSON.parse(thrownFailure(thrown));
  if (said.kind !== "thrown" || said.name !== name || said.message !== message) {
    throw new Error(`found ${JSON.stringify(said)}`);
  }
}

Deno.test("errors keep their name and message", () => {
  check(new TypeError("no"), "TypeError", "no");
  check(new DOMException("gone", "AbortError"), "AbortError", "gone");
});

Deno.test("anything else is shown", () => {
  check(1, "Error", "1");
  check("text", "Error", "text");
  check(null, "Error", "null");
  check({ code: 7 }, "Error", "{ code: 7 }");
});

Deno.test("nothing that is thrown makes it throw", () => {
  const hostile = new Proxy({}, {
    get() {
      throw 1;
    },
  });
  check(hostile, "Error", "{}");
});

Deno.test("long texts are cut, and lone surrogates replaced", () => {
  check(new Error("x".repeat(100_000)), "Error", "x".repeat(16 << 10));
  check(new Error("\ud800"), "Error", "\ufffd");
});
