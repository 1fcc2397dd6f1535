/*
 * What `@bob/hostile` tries when A calls it: each attack gets things of A's as A passes them, and answers what it got. It tries
 * some of it already when it is loaded.
 */

const makers = [() => {}, async () => {}, function* () {}, async function* () {}].map((f) => f.constructor);

/** Whatever a thing leads to that makes code, or is the realm's. */
const probe = (thing) => {
  const got = [];
  for (let at = thing, step = 0; at !== null && at !== undefined && step < 10; step++) {
    try {
      got.push(at.constructor("return globalThis.Deno ?? globalThis.process")());
    } catch { /* refused */ }
    try {
      at = Object.getPrototypeOf(at);
    } catch {
      break;
    }
  }
  return got.filter((one) => one !== undefined);
};

/** Everything that can be reached from a thing without calling it. */
const walk = (root) => {
  const texts = [];
  const seen = new Set();
  const left = [root];
  while (left.length > 0 && seen.size < 50_000) {
    const value = left.pop();
    if (typeof value === "string") texts.push(value);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) continue;
    seen.add(value);
    try {
      left.push(Object.getPrototypeOf(value));
      for (const key of Reflect.ownKeys(value)) {
        const property = Reflect.getOwnPropertyDescriptor(value, key);
        left.push(property.value, property.get, property.set);
      }
    } catch { /* a stub */ }
  }
  return { texts: texts.filter((text) => /secret|file:|main\.tsx|eval/.test(text)), objects: [...seen] };
};

const patches = [
  () => Array.prototype.map = () => "patched",
  () => Promise.prototype.then = () => "patched",
  () => JSON.stringify = () => "patched",
  () => Headers.prototype.set = () => "patched",
  () => Object.defineProperty(Object.prototype, "patched", { value: 1 }),
  () => Object.prototype.__proto__ = { patched: 1 },
  () => globalThis.fetch = () => "patched",
  () => Object.setPrototypeOf(Function.prototype, { patched: 1 }),
  () => String.prototype.replace = () => "patched",
  () => Symbol.iterator.patched = 1,
  () => Date.now = () => 0,
  () => Math.random = () => 0,
  () => Error.prepareStackTrace = (_, frames) => frames,
  () => Response.prototype.json = () => "patched",
  () => delete Map.prototype.get,
];

/** Tries to change what A has too. */
const patchAll = () => {
  for (const patch of patches) {
    try {
      patch();
    } catch { /* frozen */ }
  }
};

patchAll();

const attempts = {
  "the constructor of functions": () => makers.flatMap((make) => probe(make)),
  "the constructor of A's functions": (a) => [a.run, a.later, a.items, a.instance.uses].flatMap(probe),
  "the constructor of what A's calls answer": async (a) => [await a.later(1), a.items(), a.map([1], String), a.error()].flatMap(probe),
  "Function in A's hands": (a) => a.map(["return globalThis.Deno"], (text) => Function(text)()),
  "eval in A's hands": (a) => a.map(["globalThis.Deno", "this"], eval),
  "this of a sloppy function in A's hands": (a) => a.run(Function("return this")),
  "caller of A's function": (a) => a.run(() => [a.run.caller, a.run.arguments]),
  "what A's arguments lead to": (a) => walk(a),
  "what a callback is called with": (a) => {
    let got;
    a.run(function (...all) {
      got = [this, all];
    });
    return got;
  },
  "a private field of A's instance": (a) => [a.instance.constructor.toString === undefined, Object.keys(a.instance), a.instance["#hidden"]],
  "a stack of its own": () => new Error("x").stack,
  "a stack through A's callback": (a) => a.run(() => new Error("x").stack),
  "the stack of A's error": (a) => [a.error().stack, a.error().message, walk(a.error()).texts],
  "the stack of an error that A throws": (a) => {
    try {
      a.fails();
    } catch (error) {
      return [error.stack, walk(error).texts];
    }
  },
  "captureStackTrace": (a) => {
    const holder = {};
    a.run(() => Error.captureStackTrace(holder));
    return holder.stack;
  },
  "prepareStackTrace": (a) => {
    let got;
    try {
      Error.prepareStackTrace = (_, frames) => {
        got = frames.map((frame) => [frame.getFileName(), frame.getFunction?.(), frame.getThis?.()]);
        return "";
      };
    } catch { /* frozen */ }
    a.run(() => new Error("x").stack);
    return got;
  },
  "a Proxy in A's hands": (a) => {
    const got = [];
    const traps = {};
    for (const name of Object.getOwnPropertyNames(Reflect)) {
      traps[name] = (...all) => (got.push(all), Reflect[name](...all));
    }
    a.uses(new Proxy(function () {}, traps));
    return got;
  },
  "a getter in A's hands": (a) => {
    let got;
    a.uses({
      get value() {
        got = [this, new Error("x").stack];
        return 1;
      },
    });
    return got;
  },
  "a thenable in A's hands": async (a) => {
    let got;
    await a.waits({
      then(resolve, reject) {
        got = [...probe(resolve), ...probe(reject), resolve.caller, walk([resolve, reject]).texts];
        resolve(1);
      },
    });
    return got;
  },
  "toJSON in A's hands": (a) => {
    let got;
    a.shows({
      toJSON(...all) {
        got = [this === globalThis, all, new Error("x").stack];
        return 1;
      },
    });
    return got;
  },
  "Symbol.toPrimitive and species in A's hands": (a) => {
    const got = [];
    a.uses({
      [Symbol.toPrimitive](hint) {
        got.push(hint);
        return "x";
      },
      get constructor() {
        got.push(new Error("x").stack);
        return { [Symbol.species]: Array };
      },
    });
    return got;
  },
  "what the town shows of a value": (a) => {
    const got = [];
    const keep = (...all) => (got.push(...all), "x");
    console.log({ [Symbol.for("Deno.customInspect")]: keep, [Symbol.for("nodejs.util.inspect.custom")]: keep });
    a.run(() => console.error(new Proxy({}, { get: (_, name) => keep(name), ownKeys: () => (keep(1), []) })));
    return got.filter((one) => typeof one === "function" || typeof one === "object").flatMap(probe);
  },
  "the names of the realm": () =>
    ["Deno", "process", "Buffer", "Worker", "require", "lockdown", "repairIntrinsics"].filter((name) => name in globalThis),
  "symbols by which the guest finds itself": () =>
    ["thorp.town", "thorp.vals"].map((name) => globalThis[Symbol.for(name)]).filter((one) => one !== undefined),
  "A's secret by every name": async () => [
    Deno.env.get("foo"),
    process.env.foo,
    { ...process.env },
    Deno.env.toObject(),
  ],
  "a file by Deno": () => Deno.readTextFileSync("/etc/passwd"),
  "a file by fetch": () => fetch("file:///etc/passwd").then((answer) => answer.text()),
  "patching again": () => patchAll(),
};

/** An answer that tries the guest itself when it becomes the run's result. */
const answer = () => ({
  toJSON(...all) {
    const got = [...all.flatMap(probe), ...probe(this), walk(all).texts];
    return { stack: new Error("x").stack ?? null, got: got.map(String), all };
  },
});

export default () => ({ attacks: attempts, answer });
