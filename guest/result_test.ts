import { resultOf } from "./result.ts";

function check(value: unknown, expected: string): void {
  const result = resultOf(value);
  const found = result.kind === "value"
    ? result.json
    : result.kind === "notJson"
    ? `${result.path}: ${result.reason}`
    : result.kind === "thrown"
    ? `thrown ${result.error}`
    : result.kind;
  if (found !== expected) throw new Error(`found ${found}, expected ${expected}`);
}

Deno.test("values are what JSON.stringify makes of them", () => {
  check({ a: [1, undefined, () => 1], b: undefined }, `{"a":[1,null,null]}`);
  check(undefined, "undefined");
  check({ toJSON: () => undefined }, "undefined");
  check(new Date(0), `"1970-01-01T00:00:00.000Z"`);
});

Deno.test("what is not JSON has a path", () => {
  check(1n, "$: it is a BigInt; use a string or a number");
  check([{ "a-b": [1n] }], `$[0]["a-b"][0]: it is a BigInt; use a string or a number`);
  const cycle: Record<string, unknown> = {};
  cycle.self = { cycle };
  check(cycle, "$.self.cycle: it contains itself");
  check(Symbol("x"), "$: it is a symbol");
  check(() => 1, "$: it is a function");
});

Deno.test("errors of the user's own code are the user's", () => {
  const error = new RangeError("mine");
  check({
    toJSON() {
      throw error;
    },
  }, "thrown RangeError: mine");
  check({
    get a() {
      throw error;
    },
  }, "thrown RangeError: mine");
});

Deno.test("the same object twice is no cycle", () => {
  const shared = { a: 1 };
  check([shared, shared], `[{"a":1},{"a":1}]`);
});
