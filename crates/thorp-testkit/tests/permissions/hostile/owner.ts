/* A's program: it passes things of its own to what `@bob/hostile` tries, and looks at what that got. */
import bob from "val:bob/hostile";

const { answer, attacks } = bob();

const secret = Deno.env.get("foo")!;
const { stringify } = JSON;
const { ownKeys, getOwnPropertyDescriptor } = Reflect;

class Mine {
  #hidden = secret;
  open = 1;
  uses() {
    return this.#hidden.length;
  }
}

const passed = {
  run: (work: (...all: unknown[]) => unknown) => work(),
  later: async <Value>(value: Value) => value,
  *items() {
    yield 1;
  },
  map: (list: unknown[], call: (one: unknown) => unknown) => list.map((one) => call(one)),
  instance: new Mine(),
  error: () => new RangeError("of alice"),
  fails: () => {
    throw new RangeError("of alice");
  },
  uses: (thing: { value?: unknown }) => {
    try {
      return [thing.value, `${thing}`, "x" in thing, { ...thing }];
    } catch {
      return null;
    }
  },
  waits: async (thing: unknown) => await thing,
  shows: (thing: unknown) => stringify({ thing }),
};

const forbidden = new Set<unknown>([globalThis, globalThis.Deno, Deno, process]);

/** Whether an answer has anything that is A's or the realm's, and that A did not pass. */
function leaked(value: unknown, depth = 0, seen = new Set<unknown>()): string | null {
  if (typeof value === "string") {
    return value.includes(secret) || /file:\/\/|main\.tsx|eval[:.]|\/run\/|\/tmp\//.test(value) ? value : null;
  }
  if ((typeof value !== "object" && typeof value !== "function") || value === null || depth > 4 || seen.has(value)) {
    return null;
  }
  seen.add(value);
  if (forbidden.has(value)) return "the realm's own";
  try {
    for (const key of ownKeys(value)) {
      const property = getOwnPropertyDescriptor(value, key);
      const found = leaked(property?.value, depth + 1, seen);
      if (found !== null) return found;
    }
  } catch {
    return null;
  }
  return null;
}

/** What would be another if anything of the language had been changed. */
function changed(): string[] {
  const wrong: string[] = [];
  const is = (name: string, isSo: boolean) => isSo || wrong.push(name);
  is("map", [1, 2].map((n) => n * 2).join() === "2,4");
  is("JSON", JSON.stringify({ a: 1 }) === '{"a":1}');
  is("headers", new Headers([["a", "b"]]).get("a") === "b");
  is("objects", !("patched" in {}));
  is("functions", !("patched" in (() => 0)));
  is("strings", "a".replace("a", "b") === "b");
  is("the clock", Date.now() > 1e12);
  is("chance", new Set([Math.random(), Math.random(), Math.random()]).size === 3);
  is("maps", new Map([[1, 2]]).get(1) === 2);
  is("fetch", typeof fetch === "function" && fetch.name !== "patched");
  is("stacks", typeof new Error("x").message === "string");
  return wrong;
}

export default async function () {
  const got: Record<string, string> = {};
  let count = 0;
  for (const [name, attack] of Object.entries(attacks as Record<string, (a: unknown) => unknown>)) {
    count++;
    let value: unknown;
    try {
      value = await attack(passed);
    } catch (error) {
      value = [(error as Error)?.name, (error as Error)?.message];
    }
    const found = leaked(value);
    if (found !== null) got[name] = found;
  }
  const responded = await new Response(JSON.stringify({ a: 1 })).json();
  return { count, got, changed: changed(), responded, answer: answer() };
}
