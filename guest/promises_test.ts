import { withoutPromises } from "./promises.ts";

async function check(value: unknown, expected: string): Promise<void> {
  const awaited = withoutPromises(value);
  const found = JSON.stringify(awaited === null ? value : (await awaited).whole);
  if (found !== expected) throw new Error(`found ${found}, expected ${expected}`);
}

const later = <Value>(value: Value): Promise<Value> => new Promise((resolve) => setTimeout(() => resolve(value), 1));

Deno.test("promises are waited for wherever they stand in arrays and plain objects", async () => {
  await check({ a: later(1), b: [later(2), 3, { c: Promise.resolve("x") }] }, `{"a":1,"b":[2,3,{"c":"x"}]}`);
  await check(later([later({ d: later(4) })]), `{}`);
  await check([later([later({ d: later(4) }), 5])], `[[{"d":4},5]]`);
  await check(Array.from({ length: 3000 }, (_, index) => later(index)).slice(2998), `[2998,2999]`);
  await check({ then: { x: { then: (resolve: (value: number) => void) => resolve(7) } } }, `{"then":{"x":7}}`);
  await check(JSON.parse(`{"__proto__":{"a":1},"b":2}`), `{"__proto__":{"a":1},"b":2}`);
});

Deno.test("a value without promises is not copied, and one with them is not changed", async () => {
  const plain = { a: [1, { b: null }], c: new Date(0), d: new Map([[1, later(1)]]) };
  if (withoutPromises(plain) !== null) throw new Error("it has no promise that counts");
  const list = Object.freeze([later(1)]);
  const whole = (await withoutPromises(list))?.whole as unknown[];
  if (!(list[0] instanceof Promise) || whole[0] !== 1) throw new Error("it was changed");
});

Deno.test("what contains itself ends, and what fails fails", async () => {
  const circle: { self?: unknown; list: unknown[] } = { list: [later(1)] };
  circle.list[1] = circle;
  const whole = (await withoutPromises(circle))?.whole as typeof circle;
  if (whole.list[0] !== 1 || whole.list[1] !== circle) throw new Error("the circle is another one");
  const endless: { self?: unknown } = {};
  endless.self = Promise.resolve(endless);
  for (const value of [endless, [Promise.reject(new TypeError("no"))]]) {
    let message = "";
    try {
      await withoutPromises(value);
    } catch (error) {
      message = (error as Error).message;
    }
    const expected = value === endless ? "There are promises in promises without an end" : "no";
    if (message !== expected) throw new Error(`found ${message}, expected ${expected}`);
  }
});
