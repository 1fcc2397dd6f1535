/** Audits a hardened realm, or one with a hole, and says what is open. */

interface Walked {
  readonly found: Map<object, string>;
  readonly calls: number;
}
interface Audit {
  walk(extra: unknown[], isEnd: (value: unknown) => boolean): Promise<Walked>;
}

const realm = globalThis;
const host = Deno;
const { freeze } = Object;
const { ByteLengthQueuingStrategy: NativeStrategy, Reflect: NativeReflect } = realm;
const HeadersPrototype = Headers.prototype;
const add = EventTarget.prototype.addEventListener;
const dispatch = EventTarget.prototype.dispatchEvent;
const way = Deno.args[0];

// One object is left as it was.
if (way === "unfrozen") Object.freeze = (value: object) => value === HeadersPrototype ? value : freeze(value);
const { foreign, hardenRealm, ignoreFailures, say, silence, textOf } = await import("./start.ts");
const { openings } = await import("./compare.js");
const audit = textOf("audit.js");
ignoreFailures();
silence();
hardenRealm(() => {});
// What Deno changes of its classes when a program loads these, it changes later than they were frozen.
for (const name of ["http", "perf_hooks", "worker_threads", "stream/web", "buffer", "timers"]) {
  await import(`node:${name}`);
}

const canary = freeze({});
const forbidden = new Map<string, unknown>([["global", realm], ["Deno", host], ["canary", canary]]);
const ends = new Set(forbidden.values());

/** What the realm would have without the wrappers, or what a careless one would give. */
function given(): unknown[] {
  switch (way) {
    case "given":
      return [freeze(() => ({ deep: canary }))];
    case "target":
      return [
        freeze((type: string, call: EventListener) => {
          NativeReflect.apply(add, undefined, [type, call]);
          NativeReflect.apply(dispatch, undefined, [new Event(type)]);
        }),
      ];
    case "strategies":
      return [new NativeStrategy({ highWaterMark: 1 })];
    default:
      return [];
  }
}

const walk = (val: string) => (foreign(val, audit) as unknown as Audit).walk(given(), (value) => ends.has(value));
const one = await walk("@a/one");
const other = await walk("@b/other");
say({ open: openings(one.found, other.found, forbidden), objects: one.found.size, calls: one.calls });
