import { Values } from "./values.ts";

function begun(given: Record<string, unknown>): Values {
  const values = new Values();
  values.begin(given);
  return values;
}

function same(found: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`found ${left}, expected ${right}`);
}

function throws(work: () => unknown, message: string): void {
  let found = "nothing was thrown";
  try {
    work();
  } catch (error) {
    found = (error as Error).message;
  }
  if (found !== message) throw new Error(`found ${found}, expected ${message}`);
}

Deno.test("a run reads what it wrote last", () => {
  const values = begun({ "a/n": 1 });
  same(values.get("a/n"), 1);
  same(values.get("a/none"), undefined);
  same(values.written(), null);
  values.at("a/n").value = 2;
  same(values.get("a/n"), 2);
  (values.at("a/n").value as number)++;
  same(values.written(), `[["a/n",3]]`);
  values.begin({ "a/n": 9 });
  same([values.get("a/n"), values.written()], [9, null]);
});

Deno.test("a value that does not allow its use is called as the text calls it", () => {
  const values = begun({ "a/n": 1, "a/list": [1], "a/null": null });
  const f = () => 1;
  values.define("a/f", f);
  values.define("a/class", class {});
  values.define("a/nothing", undefined);
  const check = (name: string, use: string, message: string) =>
    throws(() => values.getFor(name, `@me.${name.slice(2)}`, use), message);
  same([values.getFor("a/f", "@me.f", "call") === f, values.getFor("a/list", "@me.list", "iterate")], [true, [1]]);
  same(typeof values.getFor("a/class", "@me.class", "new"), "function");
  same(values.getFor("a/n", "@me.n", ".x"), 1);
  check("a/none", "call", "@me.none is not a function: there is no such val");
  check("a/n", "call", "@me.n is not a function");
  check("a/f", "new", "@me.f is not a constructor");
  check("a/none", "new", "@me.none is not a constructor: there is no such val");
  check("a/none", "iterate", "@me.none is not iterable: there is no such val");
  check("a/none", ".x", "Cannot read `x` of @me.none, which is undefined: there is no such val");
  check("a/null", ".", "Cannot read a property of @me.null, which is null");
  check("a/nothing", ".x", "Cannot read `x` of @me.nothing, which is undefined");
});

Deno.test("places in a value are written one by one", () => {
  const values = begun({ "a/o": { list: [1, { x: 1 }] } });
  values.at("a/o", "list", 1, "x").value = 5;
  values.at("a/o", "more").value = "y";
  same(values.get("a/o"), { list: [1, { x: 5 }], more: "y" });
  same(values.at("a/o", "list", 0).delete(), true);
  same(values.get("a/o"), { list: [null, { x: 5 }], more: "y" });
  [values.at("a/o", "list", 0).value, values.at("a/p").value] = [7, 8];
  same([values.get("a/o"), values.get("a/p")], [{ list: [7, { x: 5 }], more: "y" }, 8]);
});

Deno.test("methods that change an array are kept", () => {
  const values = begun({ "a/l": [3, 1, 2], "a/o": { l: [] } });
  same(values.mutate("a/l", [], "push", [0]), 4);
  same(values.mutate("a/l", [], "sort", []), [0, 1, 2, 3]);
  same(values.mutate("a/l", [], "splice", [1, 2]), [1, 2]);
  same(values.mutate("a/o", ["l"], "unshift", ["x"]), 1);
  same(values.written(), `[["a/l",[0,3]],["a/o",{"l":["x"]}]]`);
  throws(() => values.mutate("a/o", [], "push", [1]), "@a/o.push is not a function");
  throws(() => values.mutate("a/l", [], "constructor", []), "@a/l.constructor is not a function");
});

Deno.test("values are frozen, all the way down", () => {
  const values = begun({ "a/o": { list: [{ x: 1 }] } });
  const seen = values.get("a/o") as { list: { x: number }[] };
  throws(() => seen.list.push({ x: 2 }), "Cannot add property 1, object is not extensible");
  values.at("a/o", "list", 0, "x").value = 2;
  same(seen, { list: [{ x: 1 }] });
  const own = { y: 1 };
  values.at("a/p").value = own;
  own.y = 2;
  same(values.get("a/p"), { y: 1 });
});

Deno.test("what is not JSON is refused with its path, and changes nothing", () => {
  const values = begun({ "a/o": { x: 1 } });
  values.define("a/f", () => 1);
  throws(
    () => values.at("a/o", "x").value = [1n],
    "@a/o cannot be set to what is not JSON: $.x[0]: it is a BigInt; use a string or a number",
  );
  throws(() => values.at("a/n").value = undefined, "@a/n cannot be set to what is not JSON: $: it is undefined");
  throws(
    () => values.at("a/n").value = Promise.resolve(1),
    "@a/n cannot be set to a promise: write `await` before it",
  );
  throws(() => values.at("a/none", "x").value = 1, "Cannot set `x` of @a/none, which is undefined");
  throws(() => values.at("a/o", "y", "z").value = 1, "Cannot set `z` of @a/o.y, which is undefined");
  throws(() => values.at("a/f").value = 1, "@a/f is a program, and cannot be set");
  same([values.get("a/o"), values.written()], [{ x: 1 }, null]);
});

Deno.test("names mean nothing to the language", () => {
  const values = begun({});
  same(values.get("__proto__"), undefined);
  values.at("a/o").value = JSON.parse(`{"__proto__":{"x":1}}`);
  same(values.written(), `[["a/o",{"__proto__":{"x":1}}]]`);
  values.at("a/o").delete();
  same([values.get("a/o"), values.written()], [undefined, `[["a/o"]]`]);
});
