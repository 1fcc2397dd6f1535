import { withoutPromises } from "./promises.ts";

async function filled(value: unknown): Promise<{ readonly whole: unknown }> {
  const { whole, wait } = withoutPromises(value);
  await wait;
  return { whole };
}

async function check(value: unknown, expected: string): Promise<void> {
  const found = JSON.stringify((await filled(value)).whole);
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

Deno.test("a value is not changed, and each of its properties is read once", async () => {
  const plain = { a: [1, { b: null }], c: new Date(0), d: new Map([[1, later(1)]]) };
  if (withoutPromises(plain).wait !== null) throw new Error("it has no promise that counts");
  const list = Object.freeze([later(1)]);
  const found = (await filled(list)).whole as unknown[];
  if (!(list[0] instanceof Promise) || found[0] !== 1) throw new Error("it was changed");
  let read = 0;
  const counting = {
    get first() {
      return ++read;
    },
    second: new Proxy({ third: 0 }, {
      get: (target, key, self) => key === "third" ? ++read : Reflect.get(target, key, self),
    }),
  };
  await check({ counting, last: later(3) }, `{"counting":{"first":1,"second":{"third":2}},"last":3}`);
  if (read !== 2) throw new Error(`two properties were read ${read} times`);
});

Deno.test("what contains itself ends, and what fails fails", async () => {
  const circle: { self?: unknown; list: unknown[] } = { list: [later(1)] };
  circle.list[1] = circle;
  const found = (await filled(circle)).whole as typeof circle;
  if (found.list[0] !== 1 || found.list[1] !== circle) throw new Error("the circle is another one");
  const endless: { self?: unknown } = {};
  endless.self = Promise.resolve(endless);
  for (const value of [endless, [Promise.reject(new TypeError("no"))]]) {
    let message = "";
    try {
      await filled(value);
    } catch (error) {
      message = (error as Error).message;
    }
    const expected = value === endless ? "There are promises in promises without an end" : "no";
    if (message !== expected) throw new Error(`found ${message}, expected ${expected}`);
  }
});
