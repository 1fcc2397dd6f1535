/*
 * The reachability audit. As the script of a foreign val it reads, calls and constructs everything that its globals lead
 * to, with odd arguments and with none for `this`, and exports how to get at what it found. Two Compartments each run it;
 * whoever compares finds what they share.
 */
// deno-lint-ignore no-var no-unused-vars
var thorpExports = (() => {
  const CALLS_MAX = 300_000;
  const OF_KIND_MAX = 60;
  const { apply, construct, ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

  const found = new Map();
  const kinds = new Map();
  const promises = [];
  let queue = [];
  let calls = 0;
  // What the walk has to find and must not walk.
  let isEndOfWalk = () => false;

  // These would hide what is to be found, or end the walk.
  const untouched = new Set([
    harden,
    Object.freeze,
    Object.seal,
    Object.preventExtensions,
    Reflect.preventExtensions,
    Object.defineProperty,
    Object.defineProperties,
    Object.setPrototypeOf,
    Reflect.setPrototypeOf,
    Reflect.defineProperty,
    Object.assign,
    Reflect.set,
    Reflect.deleteProperty,
    setInterval,
    setTimeout,
    setImmediate,
    fetch,
  ]);

  const { then } = Promise.prototype;
  const sourceOf = (value) => apply(Function.prototype.toString, value, []);

  // Of what is made anew by every call, a few of a kind show where it leads to.
  const isNew = (value) => {
    if (found.has(value)) return false;
    let kind;
    try {
      kind = typeof value === "function" ? sourceOf(value) : getPrototypeOf(value);
    } catch {
      return true;
    }
    const seen = kinds.get(kind) ?? 0;
    kinds.set(kind, seen + 1);
    return seen < (kind === Object.prototype || kind === null ? 400 : kind === Array.prototype ? 100 : OF_KIND_MAX);
  };

  // A rejection that nobody handles ends the run.
  const nothing = () => {};
  const handled = (promise) => {
    try {
      apply(then, promise, [nothing, nothing]);
    } catch { /* not a promise after all */ }
  };

  const add = (value, path, holder) => {
    if (!isObject(value) || !isNew(value)) return;
    found.set(value, path);
    if (value instanceof Promise) handled(value);
    if (isEndOfWalk(value)) return;
    queue.push({ value, path, holder });
  };

  const probe = function (...values) {
    add(this, "(this of a callback)");
    for (const value of values) add(value, "(argument of a callback)");
    return {};
  };
  const trap = (name) => (...values) => {
    for (const value of values) add(value, `(argument of the trap ${name})`);
    return apply(Reflect[name], undefined, values);
  };
  const traps = {};
  for (const name of ownKeys(Reflect)) if (typeof Reflect[name] === "function") traps[name] = trap(name);
  const hostile = () => new Proxy(function () {}, traps);
  const getters = () => ({
    get signal() {
      add(this, "(this of a getter)");
      return undefined;
    },
    [Symbol.toPrimitive](...values) {
      add(this, "(this of toPrimitive)");
      for (const value of values) add(value, "(hint)");
      return "a";
    },
    [Symbol.iterator]() {
      add(this, "(this of an iterator)");
      return [].values();
    },
    then(...values) {
      for (const value of values) add(value, "(argument of then)");
    },
    toJSON(...values) {
      for (const value of values) add(value, "(argument of toJSON)");
      return 1;
    },
    start: probe,
    pull: probe,
    write: probe,
    transform: probe,
    flush: probe,
    cancel: probe,
    handleEvent: probe,
  });
  const ARGUMENTS = [
    () => [],
    () => [undefined],
    () => [null],
    () => [1],
    () => ["a"],
    () => [{}],
    () => [probe],
    () => [["a"]],
    () => ["a", probe],
    () => [{}, probe],
    () => [probe, {}],
    () => ["a", "b"],
    () => [getters()],
    () => [hostile()],
    () => ["http://localhost/"],
    () => ["a", getters()],
    () => [new Uint8Array(1)],
    () => [hostile(), hostile()],
  ];

  const attempt = (path, work) => {
    if (++calls > CALLS_MAX) return;
    let value;
    try {
      value = work();
    } catch (error) {
      add(error, `${path} (thrown)`);
      return;
    }
    if (value instanceof Promise) {
      handled(value);
      promises.push([value, path]);
    }
    add(value, path);
  };

  const visitProperties = ({ value, path }) => {
    let keys;
    try {
      keys = ownKeys(value);
      add(getPrototypeOf(value), `${path}.__proto__`);
    } catch {
      return;
    }
    if (ArrayBuffer.isView(value)) keys = keys.slice(-4);
    for (const key of keys.slice(0, 400)) {
      const name = `${path}.${String(key)}`;
      let property;
      try {
        property = getOwnPropertyDescriptor(value, key);
      } catch {
        continue;
      }
      if (property === undefined) continue;
      add(property.value, name, value);
      add(property.get, `${name} (get)`, value);
      add(property.set, `${name} (set)`, value);
      if (property.get) attempt(`${name} (got)`, () => value[key]);
    }
  };

  const visitFunction = ({ value, path, holder }) => {
    // A set of Deno's own that never ends when it is made of some things.
    if (untouched.has(value) || path.includes("[[sourceSignals]]).__proto__.constructor")) return;
    for (const make of ARGUMENTS) {
      attempt(`${path}()`, () => apply(value, undefined, make()));
      if (holder !== undefined) attempt(`${path}() of its holder`, () => apply(value, holder, make()));
      attempt(`new ${path}()`, () => construct(value, make()));
    }
    attempt(`${path}() of null`, () => apply(value, null, []));
    attempt(`${path}() of an object`, () => apply(value, {}, ["a", probe]));
  };

  // What methods of a prototype give when they are called on a thing of its kind.
  const visitMethods = ({ value, path }) => {
    let kind;
    try {
      kind = getPrototypeOf(value);
    } catch {
      return;
    }
    for (let depth = 0; kind !== null && kind !== Object.prototype && depth < 4; depth++) {
      for (const key of ownKeys(kind)) {
        if (key === "constructor") continue;
        const property = getOwnPropertyDescriptor(kind, key);
        const name = `${path}.${String(key)}`;
        if (property.get) attempt(name, () => apply(property.get, value, []));
        if (typeof property.value !== "function" || untouched.has(property.value)) continue;
        // A body of Deno's own, whose rejections nobody can handle.
        if (key === "cancel" && !(value instanceof ReadableStream)) continue;
        attempt(`${name}()`, () => apply(property.value, value, []));
        attempt(`${name}(a, probe)`, () => apply(property.value, value, ["a", probe]));
        attempt(`${name}(probe)`, () => apply(property.value, value, [probe]));
      }
      kind = getPrototypeOf(kind);
    }
  };

  const drain = () => {
    while (queue.length > 0 && calls < CALLS_MAX) {
      const now = queue;
      queue = [];
      for (const item of now) {
        visitProperties(item);
        if (typeof item.value === "function") visitFunction(item);
        else visitMethods(item);
      }
    }
  };

  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

  const walk = async (extra = [], isEnd = () => false) => {
    isEndOfWalk = isEnd;
    add(globalThis, "globalThis");
    for (const value of extra) add(value, "(given)");
    add(Deno, "Deno");
    add(process, "process");
    add(thorp, "thorp");
    add(
      (function () {
        return this;
      })(),
      "(this of a function)",
    );
    add((async () => {}).constructor, "AsyncFunction");
    add((function* () {}).constructor, "GeneratorFunction");
    add((async function* () {}).constructor, "AsyncGeneratorFunction");
    for (const name of ["undefined", "null"]) {
      try {
        (0, eval)(`(${name}).a`);
      } catch (error) {
        add(error, "(error of the engine)");
      }
    }
    for (let round = 0; round < 4; round++) {
      drain();
      await pause();
      for (const [promise, path] of promises.splice(0, 2000)) {
        Promise.race([promise, pause()]).then(
          (value) => add(value, `await ${path}`),
          (error) => add(error, `await ${path} (thrown)`),
        );
      }
      await pause();
      await pause();
    }
    return { found, calls };
  };
  return { walk };
})();
