/*
 * What a foreign val tries against the realm that it shares, as its script. `thorpExports.attacks` has an attack by name:
 * each gets A's things as A would pass them, and answers what it got, or anything that is no more than it should have.
 * `thorpExports.got` says whether an answer is something: the realm's own global, Deno, a function that makes code in the
 * realm, A's secret, a place of A's files.
 */
// deno-lint-ignore no-var no-unused-vars
var thorpExports = (() => {
  const SECRET = "the-secret-of-a";
  /** What an attack answers that changed something of others. */
  const BREACH = { isTheRealmOfA: true };
  const leaks = [];

  const isLeak = (value, depth = 0, seen = new Set()) => {
    if (typeof value === "string") return value.includes(SECRET) || /main\.js|\/run\/|\/tmp\/|guest-/.test(value);
    if ((typeof value !== "object" && typeof value !== "function") || value === null || depth > 4 || seen.has(value)) {
      return false;
    }
    seen.add(value);
    try {
      if (value.isTheRealmOfA === true || value.aSecret === SECRET || typeof value.serve === "function") return true;
    } catch { /* a stub */ }
    try {
      return Reflect.ownKeys(value).slice(0, 50).some((key) => {
        const property = Reflect.getOwnPropertyDescriptor(value, key);
        return property !== undefined && "value" in property && isLeak(property.value, depth + 1, seen);
      });
    } catch {
      return false;
    }
  };

  const patched = (holder, name) => {
    // Whoever can write it can watch everybody else's calls.
    const before = Reflect.getOwnPropertyDescriptor(holder, name);
    const is = () => Reflect.getOwnPropertyDescriptor(holder, name);
    const changed = () => is()?.value !== before?.value || is()?.get !== before?.get;
    for (
      const change of [
        () => holder[name] = () => "patched",
        () => Object.defineProperty(holder, name, { value: () => "patched", configurable: true, writable: true }),
        () => delete holder[name],
      ]
    ) {
      try {
        change();
      } catch { /* frozen */ }
    }
    if (!changed()) return null;
    if (before === undefined) delete holder[name];
    else Object.defineProperty(holder, name, before);
    return BREACH;
  };
  const stamp = (holder) => {
    try {
      holder.stamp = SECRET;
    } catch { /* frozen */ }
    const stamped = holder.stamp;
    delete holder.stamp;
    return stamped;
  };
  const iterator = (value) => Object.getPrototypeOf(value);
  const makers = [() => {}, async () => {}, function* () {}, async function* () {}].map((f) => f.constructor);
  const realmOf = (thing) => {
    const list = [];
    for (let at = thing; at != null && list.length < 20; at = Object.getPrototypeOf(at)) list.push(at, at.constructor);
    return list;
  };
  const stacks = [];
  const waiting = [];
  const inspectors = ["Deno.customInspect", "Deno.privateCustomInspect", "nodejs.util.inspect.custom"];

  const attacks = {
    // Deno, process, environment.
    "the name Deno": () => Deno,
    "Deno of the global": () => globalThis.Deno,
    "Deno by sloppy this": () =>
      (function () {
        return this;
      })(),
    "Deno by indirect eval": () => (0, eval)("typeof Deno === 'undefined' ? null : Deno"),
    "Deno's internals": () => Deno[Symbol.for("Deno.internal")] ?? Deno[Deno.internal],
    "a file by Deno": () => Deno.readTextFileSync("/val/main.js"),
    "the environment by Deno": () => [Deno.env.get("SECRET"), Deno.env.toObject()],
    "the name process": () => process,
    "the environment by process": () => [process.env.SECRET, { ...process.env }, Object.keys(process.env)],
    "process.binding": () => process.binding("fs"),
    "process.mainModule": () => process.mainModule.require("fs"),
    "process.getBuiltinModule": () => process.getBuiltinModule("fs"),
    "the name Buffer": () => typeof Buffer === "undefined" ? null : BREACH,
    "the name require": () => typeof require === "undefined" ? null : require("fs"),
    "the name module": () => typeof module === "undefined" ? null : module,
    "the name Worker": () => typeof Worker === "undefined" ? null : BREACH,
    "window, top, parent": () => [globalThis.window, globalThis.top, globalThis.parent, globalThis.frames],
    "self and global": () => [self === globalThis ? null : self, global === globalThis ? null : global],

    // A's module, source and exports.
    "a dynamic import made by eval": () => (0, eval)("im" + "port('file:///val/main.js')"),
    "a dynamic import made by Function": () => Function("return im" + "port('node:fs')")(),
    "a dynamic import made by AsyncFunction": () => makers[1]("return await im" + "port('node:fs')")(),
    "a dynamic import by a timer's text": () =>
      new Promise((resolve) => {
        setTimeout("globalThis.x = Deno", 0);
        setTimeout(() => resolve(globalThis.x), 2);
      }),
    "import.meta": () => (0, eval)("import.meta"),
    "Compartment's import": () => new Compartment().import("node:fs"),
    "Compartment's importNow": () => new Compartment().importNow("node:fs"),
    "Compartment with a hook": () =>
      new Compartment({
        __options__: true,
        importHook: () => ({ imports: [], exports: [], execute() {} }),
        resolveHook: (a) => a,
      }).import("a"),
    "a new Compartment's global": () => {
      const own = new Compartment().globalThis;
      return [own.Deno, own.process, own.Function("return this")()];
    },
    "A's file by fetch": () => fetch("file:///val/main.js").then((r) => r.text()),
    "A's file by a path that A showed": (a) => fetch(a.url).then((r) => r.text()),
    "A's file by a Request": () => fetch(new Request("file:///proc/self/environ")).then((r) => r.text()),
    "A's file by XMLHttpRequest": () => typeof XMLHttpRequest === "undefined" ? null : new XMLHttpRequest(),
    "A's blob by its address": (a) => fetch(a.blob).then((r) => r.text()),
    "A's source by toString of a native":
      () => [Function.prototype.toString.call(fetch), Function.prototype.toString.call(setTimeout)],
    "A's file by a Request with a getter for its URL": () => {
      let n = 0;
      return fetch({ toString: () => n++ ? "file:///proc/self/environ" : "http://localhost:1/" }).then((r) => r.text());
    },
    "A's file by URL patched afterwards": () => {
      const url = new URL("http://localhost:1/");
      return fetch(Object.assign(url, {
        get href() {
          return "file:///proc/self/environ";
        },
      })).then((r) => r.text());
    },

    // Code in the realm.
    "the constructor of functions": () =>
      makers.map((make) => {
        try {
          return make("return this")();
        } catch {
          return null;
        }
      }),
    "the constructor of the realm's functions": () =>
      [fetch, setTimeout, Headers, URL, console.log].map((f) => f.constructor).map((make) => {
        try {
          return make("return globalThis.Deno")();
        } catch {
          return null;
        }
      }),
    "the constructor of A's function": (a) => a.call.constructor("return globalThis")(),
    "the constructor of A's async function": (a) => a.later.constructor("return globalThis")(),
    "the constructor of A's generator": (a) => a.items.constructor("yield globalThis")().next().value,
    "arguments.callee.caller": () =>
      (function () {
        return arguments.callee.caller;
      })(),
    "caller of own function": (a) => {
      function f() {
        return f.caller;
      }
      return a.run(f);
    },
    "arguments of A's function": (a) => a.run(() => a.run.arguments),
    "caller of A's function": (a) => a.run(() => a.run.caller),
    "eval of a bound kind": () => Reflect.apply(eval, undefined, ["this.Deno"]),
    "eval in A's hands": (a) => a.map(["globalThis.Deno", "this"], eval),
    "Function in A's hands": (a) => a.map(["return globalThis.Deno"], (text) => Function(text)()),

    // `this` that is missing.
    "EventTarget without this": () => {
      const got = [];
      try {
        EventTarget.prototype.addEventListener.call(undefined, "x", function () {
          got.push(this);
        });
      } catch { /* refused */ }
      try {
        EventTarget.prototype.dispatchEvent.call(undefined, new Event("x"));
      } catch { /* refused */ }
      return got;
    },
    "dispatchEvent of null": () => {
      const event = new Event("x");
      try {
        EventTarget.prototype.dispatchEvent.call(null, event);
      } catch { /* refused */ }
      return [event.target, event.currentTarget, event.composedPath()];
    },
    "the error event of the realm": () => {
      const got = [];
      try {
        Reflect.apply(EventTarget.prototype.addEventListener, undefined, ["error", (e) => got.push(e.currentTarget)]);
      } catch { /* refused */ }
      return got;
    },
    "the target of a signal": () => {
      const got = [];
      const c = new AbortController();
      c.signal.onabort = function (e) {
        got.push(
          this === c.signal ? null : this,
          e.currentTarget === c.signal ? null : e.currentTarget,
          e.composedPath().filter((x) => x !== c.signal),
        );
      };
      c.abort();
      return got;
    },
    "AbortSignal.timeout's timer": () =>
      Reflect.ownKeys(AbortSignal.timeout(1)).map(String).filter((k) => k.includes("timer")).length ? null : null,
    "methods of the web without this": () =>
      ["get", "set", "append"].flatMap((name) =>
        [Headers, FormData, URLSearchParams].map((kind) => {
          try {
            return kind.prototype[name].call(undefined, "a");
          } catch {
            return null;
          }
        })
      ),
    "getters of the web without this": () =>
      [Request, Response, URL, Event, Blob].flatMap((kind) =>
        Object.values(Object.getOwnPropertyDescriptors(kind.prototype)).map((p) => {
          try {
            return p.get?.call(undefined);
          } catch {
            return null;
          }
        })
      ),
    "fetch without this": () => fetch.call(undefined, "http://localhost:1/").catch((e) => e),
    "the global of a queuing strategy": () =>
      [new ByteLengthQueuingStrategy({ highWaterMark: 1 }), new CountQueuingStrategy({ highWaterMark: 1 })].flatMap((
        one,
      ) => realmOf(one).concat(Reflect.ownKeys(one).map((key) => one[key]))),

    // Patching what is shared.
    "patch Headers.prototype.set": () => patched(Headers.prototype, "set"),
    "patch Headers' iterator": () => patched(iterator(new Headers({ a: "b" }).entries()), "next"),
    "patch URLSearchParams' iterator": () => patched(iterator(new URLSearchParams("a=b").entries()), "next"),
    "patch FormData's iterator": () => patched(iterator(new FormData().entries()), "next"),
    "patch Array.prototype.map": () => patched(Array.prototype, "map"),
    "patch Array's iterator": () => patched(iterator([].values()), "next"),
    "patch Map's iterator": () => patched(iterator(new Map().entries()), "next"),
    "patch RegExp's string iterator": () => patched(iterator("a".matchAll(/a/g)), "next"),
    "patch the iterator of iterators": () => patched(iterator(iterator([].values())), "map"),
    "patch generators": () => patched(iterator(iterator((function* () {})())), "next"),
    "patch async generators": () => patched(iterator(iterator((async function* () {})())), "next"),
    "patch Promise.prototype.then": () => patched(Promise.prototype, "then"),
    "patch Promise[Symbol.species]": () => patched(Promise, Symbol.species),
    "patch Object.prototype": () => stamp(Object.prototype) ?? patched(Object.prototype, "toString"),
    "patch Object.prototype by __proto__": () => {
      try {
        ({}).__proto__.isTheRealmOfA = true;
      } catch { /* frozen */ }
      return {};
    },
    "patch Function.prototype.call": () => patched(Function.prototype, "call"),
    "patch JSON.stringify": () => patched(JSON, "stringify"),
    "patch Reflect.apply": () => patched(Reflect, "apply"),
    "patch Math.random": () => patched(Math, "random"),
    "patch Date.now": () => patched(Date, "now"),
    "patch Date.prototype.toJSON": () => patched(Date.prototype, "toJSON"),
    "patch Intl": () => [
      patched(Intl, "NumberFormat"),
      patched(Intl.NumberFormat.prototype, "resolvedOptions"),
      patched(Intl.DateTimeFormat.prototype, "formatToParts"),
    ],
    "patch Temporal": () =>
      typeof Temporal === "undefined"
        ? null
        : [patched(Temporal, "Now"), patched(Temporal.Now, "instant"), patched(Temporal.PlainDate.prototype, "add")],
    "patch RegExp.prototype.exec": () => patched(RegExp.prototype, "exec"),
    "patch String.prototype": () => patched(String.prototype, "replace"),
    "patch Symbol.for": () => patched(Symbol, "for"),
    "patch Error.captureStackTrace": () => {
      Error.captureStackTrace = () => SECRET;
      return new RangeError("x").stack;
    },
    "patch TypedArray": () => patched(iterator(Uint8Array.prototype), "set"),
    "patch TextDecoder": () => patched(TextDecoder.prototype, "decode"),
    "patch crypto": () => [
      patched(crypto, "getRandomValues"),
      patched(crypto.subtle, "digest"),
      patched(Object.getPrototypeOf(crypto.subtle), "digest"),
      patched(Object.getPrototypeOf(crypto), "randomUUID"),
    ],
    "patch Response.prototype.json": () => patched(Response.prototype, "json"),
    "patch Request's body object": () => {
      const r = new Request("http://a/", { method: "POST", body: "x" });
      return Reflect.ownKeys(r).map((key) => {
        const inner = r[key];
        return inner && typeof inner === "object" ? patched(Object.getPrototypeOf(inner), "constructor") : null;
      });
    },
    "patch a stream's controller": () => {
      let c;
      new ReadableStream({
        start: (it) => {
          c = it;
        },
      });
      return [
        patched(Object.getPrototypeOf(c), "enqueue"),
        ...Reflect.ownKeys(c).map((key) =>
          typeof c[key] === "function" && Object.isFrozen(c[key]) === false ? stamp(c[key]) && null : null
        ),
      ];
    },
    "patch a stream's reader": () => patched(Object.getPrototypeOf(new ReadableStream().getReader()), "read"),
    "patch EventTarget": () => patched(EventTarget.prototype, "addEventListener"),
    "patch AbortSignal": () => [patched(AbortSignal, "any"), patched(AbortSignal.prototype, "throwIfAborted")],
    "patch URL": () => [patched(URL.prototype, "toString"), patched(URL, "createObjectURL"), patched(URL, "canParse")],
    "patch Blob": () => [patched(Blob.prototype, "text"), patched(File.prototype, "constructor")],
    "patch DOMException": () => patched(DOMException.prototype, "constructor"),
    "patch WeakRef": () => [patched(WeakRef.prototype, "deref"), patched(FinalizationRegistry.prototype, "register")],
    "patch A's class through an instance": (a) => {
      try {
        a.instance.constructor.name;
      } catch { /* nothing */ }
      return null;
    },
    "stamp what all share": () =>
      [fetch, console, setTimeout, URL, Headers, crypto, crypto.subtle, Math, Intl, JSON, Date].map(stamp),
    "the prototype of a shared object": () => {
      try {
        Object.setPrototypeOf(Headers.prototype, { isTheRealmOfA: true });
      } catch { /* frozen */ }
      return new Headers().isTheRealmOfA ? globalThis.Deno ?? { isTheRealmOfA: true } : null;
    },

    // Stacks.
    "the stack of an error": () => [new Error("x").stack, new RangeError("x").stack, new AggregateError([]).stack],
    "the stack in A's call": (a) => a.run(() => new Error("x").stack),
    "the stack of an error of the engine": (a) =>
      a.run(() => {
        try {
          null.x;
        } catch (e) {
          return e.stack;
        }
      }),
    "the stack of a DOMException": (a) =>
      a.run(() => [
        new DOMException("x").stack,
        (() => {
          try {
            atob("*");
          } catch (e) {
            return e.stack;
          }
        })(),
      ]),
    "the stack of an overflow": () => {
      const f = () => f();
      try {
        f();
      } catch (e) {
        return e.stack;
      }
    },
    "the stack of a cloned error": (a) => a.run(() => structuredClone(new Error("x")).stack),
    "the stack of a rejected promise": () => fetch("no").catch((e) => e.stack),
    "the stack of A's error": (a) => {
      try {
        a.fail();
      } catch (e) {
        return [e.stack, String(e)];
      }
    },
    "the stack by prepareStackTrace": (a) => {
      const got = [];
      try {
        Error.prepareStackTrace = (_, sites) => {
          got.push(
            ...sites.map((s) => s.getThis?.()),
            ...sites.map((s) => s.getFunction?.()),
            ...sites.map((s) => s.getFileName?.()),
          );
          return "";
        };
      } catch { /* refused */ }
      a.run(() => void new Error("x").stack);
      return got;
    },
    "the stack by captureStackTrace": (a) =>
      a.run(() => {
        const o = {};
        Error.captureStackTrace?.(o);
        return o.stack;
      }),
    "the stack by stackTraceLimit": () => {
      Error.stackTraceLimit = 100;
      return new Error("x").stack;
    },
    "the stack by the accessor of stack": (a) =>
      a.run(() => {
        const e = new Error("x");
        const d = Object.getOwnPropertyDescriptor(e, "stack") ??
          Object.getOwnPropertyDescriptor(Error.prototype, "stack");
        return [d?.value, d?.get?.call(e), d?.get?.call(new DOMException("a"))];
      }),
    "the stack by SuppressedError": () =>
      typeof SuppressedError === "undefined" ? null : new SuppressedError(1, 2).stack,
    "the stack by ErrorEvent": () => new ErrorEvent("error", { error: new Error("x") }).error.stack,
    "the stack of an abort reason": () => {
      const c = new AbortController();
      c.abort();
      return c.signal.reason.stack;
    },
    "getStackString":
      () => [typeof getStackString === "undefined" ? null : getStackString(new Error()), globalThis.getStackString],

    // What A passes, and what A does with what it gets.
    "keep A's callback and call it later": (a) =>
      new Promise((resolve) => setTimeout(() => resolve(a.call.caller ?? null), 1)),
    "a Proxy as an argument of A's": (a) =>
      a.run(new Proxy(function () {}, { apply: (_, self, args) => [self, ...args] })),
    "a getter that A reads": (a) => {
      let got;
      a.read({
        get x() {
          got = this.caller ?? Object.keys(this).length ? null : this;
          return 1;
        },
      });
      return got;
    },
    "toJSON that A's JSON calls": (a) => {
      let got;
      a.json({
        toJSON(...args) {
          got = [this, ...args];
          return 1;
        },
      });
      return got?.slice(1);
    },
    "toJSON beside A's secret": (a) => {
      const got = [];
      a.json({
        toJSON() {
          got.push(...arguments);
          return 1;
        },
      });
      return got;
    },
    "a thenable that A awaits": async (a) => {
      const got = [];
      await a.wait({
        then(...args) {
          got.push(this === undefined ? 1 : null, ...args.map((f) => f.constructor), ...args.map((f) => f.caller));
          args[0](1);
        },
      }).catch(() => {});
      return got.map((make) => {
        try {
          return typeof make === "function" ? make("return globalThis")() : null;
        } catch {
          return null;
        }
      });
    },
    "Symbol.toPrimitive that A runs": (a) => {
      const got = [];
      a.text({
        [Symbol.toPrimitive](...args) {
          got.push(...args);
          return "x";
        },
      });
      return got;
    },
    "Symbol.hasInstance that A runs": (a) => {
      const got = [];
      a.isKind({
        [Symbol.hasInstance](...args) {
          got.push(args.length);
          return true;
        },
      });
      return got;
    },
    "Symbol.species of A's array": (a) => {
      const got = [];
      const list = a.list();
      try {
        list.constructor = {
          [Symbol.species]: function (...args) {
            got.push(...args);
            return [];
          },
        };
      } catch { /* refused */ }
      a.map(list, (x) => x);
      return got;
    },
    "an iterator that A walks": (a) => {
      const got = [];
      a.walk({
        [Symbol.iterator]() {
          return {
            next(...args) {
              got.push(...args);
              return { done: true };
            },
            return(...args) {
              got.push(...args);
              return {};
            },
          };
        },
      });
      return got;
    },
    "an async iterator that A walks": async (a) => {
      const got = [];
      await a.walkAsync({
        [Symbol.asyncIterator]() {
          return {
            next: (...args) => {
              got.push(...args);
              return { done: true };
            },
          };
        },
      });
      return got;
    },
    "custom inspection beside A's secret": (a) => {
      const got = [];
      for (const name of inspectors) {
        a.log({
          aSecret: SECRET,
          bob: {
            [Symbol.for(name)](...args) {
              got.push(...args, args[1]?.seen);
              return "";
            },
          },
        });
      }
      return got;
    },
    "custom inspection by node:util": (a) => {
      const got = [];
      const bob = {};
      for (const name of inspectors) bob[Symbol.for(name)] = (...args) => (got.push(args[1]?.seen), "");
      a.inspect({ aSecret: SECRET, bob });
      return got;
    },
    "custom inspection by node:console": (a) => {
      const got = [];
      a.logByNode({ aSecret: SECRET, bob: { [Symbol.for(inspectors[0])]: (_, c) => (got.push(c.seen), "") } });
      return got;
    },
    "custom inspection by its own console": () => {
      const got = [];
      for (const name of inspectors) {
        console.log({
          [Symbol.for(name)](...args) {
            got.push(...args);
            return "";
          },
        });
      }
      return got.flatMap((f) => [f, f?.constructor]).map((make) => {
        try {
          return typeof make === "function" ? make("return globalThis") : make;
        } catch {
          return null;
        }
      });
    },
    "custom inspection in what it throws": (a) => {
      const got = [];
      a.show({
        aSecret: SECRET,
        bob: {
          [Symbol.for(inspectors[0])](...args) {
            got.push(args[1]?.seen, args[1]);
            return "";
          },
        },
      });
      return got;
    },
    "formats of its console": () => {
      const got = [];
      console.log(
        "%s %d %i %f %j %o %O %c",
        {
          toString() {
            got.push(this === undefined);
            return "";
          },
        },
        1n,
        Symbol("x"),
      );
      return got;
    },
    "a table of A's": (a) => {
      const got = [];
      a.table([{
        aSecret: SECRET,
        bob: {
          [Symbol.for(inspectors[0])](_, c) {
            got.push(c);
            return "";
          },
        },
      }]);
      return got;
    },

    // Doors of the web.
    "MessageChannel": () => typeof MessageChannel === "undefined" ? null : BREACH,
    "BroadcastChannel": () =>
      typeof BroadcastChannel === "undefined" ? null : { isTheRealmOfA: new BroadcastChannel("a") && true },
    "WebSocket": () => typeof WebSocket === "undefined" ? null : { isTheRealmOfA: true },
    "EventSource": () => typeof EventSource === "undefined" ? null : { isTheRealmOfA: true },
    "localStorage": () => [globalThis.localStorage, globalThis.sessionStorage].map((s) => s?.getItem("a")),
    "caches": () => globalThis.caches?.open("a"),
    "indexedDB": () => globalThis.indexedDB,
    "WebAssembly": () => typeof WebAssembly === "undefined" ? null : { isTheRealmOfA: true },
    "SharedArrayBuffer": () => typeof SharedArrayBuffer === "undefined" ? null : { isTheRealmOfA: true },
    "navigator":
      () => [navigator.constructor === Object ? null : navigator, navigator.storage, navigator.gpu, navigator.locks],
    "location": () => [globalThis.location, globalThis.document, globalThis.name],
    "prompt": () => [globalThis.prompt, globalThis.alert, globalThis.confirm, globalThis.close],
    "reportError": () => globalThis.reportError,
    "performance entries": () => [
      performance.getEntries?.(),
      performance.mark?.("a"),
      performance.constructor === Object ? null : performance,
    ],
    "a timer's list": () => {
      const id = setTimeout(() => {}, 0);
      const it = setInterval(() => {}, 9);
      clearInterval(it);
      return typeof id === "number" && typeof it === "number" ? null : [id, it];
    },
    "A's timer by number": (a) => {
      for (let id = -10; id < 200; id++) {
        clearTimeout(id);
        clearInterval(id);
      }
      return a.timerLives().then((lives) => lives ? null : { isTheRealmOfA: true });
    },
    "this of a timer": () =>
      new Promise((resolve) =>
        setTimeout(function () {
          resolve(this);
        }, 0)
      ),
    "this of a microtask": () =>
      new Promise((resolve) =>
        queueMicrotask(function () {
          resolve(this);
        })
      ),
    "structuredClone of a function": () => {
      try {
        return structuredClone(() => {});
      } catch (e) {
        return realmOf(e);
      }
    },
    "structuredClone with a transfer": () => {
      const b = new ArrayBuffer(8);
      return structuredClone(b, { transfer: [b] }).constructor === ArrayBuffer ? null : null;
    },
    "an HttpClient in fetch": () => fetch("http://localhost:1/", { client: { rid: 0 } }).catch((e) => e),
    "a key of A's by WeakRef": () => new WeakRef({}).deref(),
    "RegExp statics": (a) => {
      a.match();
      return [
        RegExp.$1,
        RegExp.lastMatch,
        RegExp["$&"],
        RegExp.input,
        /x/.constructor.$1,
        /x/.constructor.lastMatch,
        Object.getPrototypeOf(/x/).constructor.input,
      ];
    },
    "RegExp statics of A's expression": (a) => {
      a.match();
      const kind = a.expression.constructor;
      return [kind.$1, kind.lastMatch, kind.input];
    },
    "RegExp.prototype.compile": (a) => {
      try {
        a.expression.compile(".*");
      } catch { /* refused */ }
      return null;
    },
    "a clock of the realm":
      () => [Date.constructor === Function ? null : null, realmOf(Date).filter((x) => x === undefined)],
    "sharing by a registered symbol": () => stamp(Symbol.prototype),
    "sharing by the template registry": () => {
      const t = ((x) => x)`a`;
      return Object.isFrozen(t) ? null : t;
    },
    "Object.groupBy and friends": () => realmOf(Object.groupBy([1], () => "a")),
    "an async function's promise": () =>
      realmOf((async () => {})()).map((k) => {
        try {
          return k?.constructor?.("return this.Deno")?.();
        } catch {
          return null;
        }
      }),
    "ReadableStream.from an async iterator": async () => {
      const got = [];
      const s = ReadableStream.from({
        [Symbol.asyncIterator]() {
          got.push(this?.isTheRealmOfA);
          return { next: () => ({ done: true }) };
        },
      });
      await new Response(s).text().catch(() => {});
      return got;
    },
    "a stream's algorithms": () => {
      const got = [];
      const s = new ReadableStream({
        start() {
          got.push(this === undefined);
        },
        pull(c) {
          got.push(c.constructor === ReadableStreamDefaultController ? null : c);
          c.close();
        },
      });
      return new Response(s).text().then(() => got);
    },
    "a Request of A's body": (a) => {
      try {
        return a.request.clone().headers.get("authorization") === SECRET ? null : null;
      } catch {
        return null;
      }
    },
    "FormData of a hostile name": () => {
      const f = new FormData();
      f.append({
        toString() {
          return "a";
        },
      }, new Blob(["x"]));
      return realmOf([...f][0][1]);
    },
    "URLSearchParams of a hostile record": () =>
      realmOf(
        new URLSearchParams(
          new Proxy({}, {
            ownKeys: () => ["a"],
            getOwnPropertyDescriptor: () => ({ value: "b", enumerable: true, configurable: true }),
            get: (...args) => (leaks.push(...args), "b"),
          }),
        ),
      ).concat(leaks.splice(0)),
    "Headers of a hostile list": () => {
      const got = [];
      new Headers([{
        [Symbol.iterator]: function* () {
          got.push(this?.isTheRealmOfA);
          yield "a";
          yield "b";
        },
      }]);
      return got;
    },
    "crypto.subtle of a hostile algorithm": () => {
      const got = [];
      return crypto.subtle.digest({
        get name() {
          got.push(this.isTheRealmOfA);
          return "SHA-256";
        },
      }, new Uint8Array(1)).then((v) => got.concat(realmOf(v)));
    },
    "Intl of a hostile locale": () => {
      const got = [];
      try {
        new Intl.NumberFormat(
          new Proxy([], {
            get: (t, k, r) => {
              got.push(r?.isTheRealmOfA);
              return t[k];
            },
          }),
        );
      } catch { /* refused */ }
      return got;
    },
    "harden of A's things": (a) => {
      harden(a.open);
      return null;
    },
    "lockdown again": () => {
      try {
        return globalThis.lockdown?.({});
      } catch {
        return null;
      }
    },
    "an unhandled rejection": () => {
      Promise.reject({ then: null }).catch(() => {});
      return null;
    },
    "what other attacks left": () => [stacks, waiting, {}.stamp, [].stamp, (() => {}).stamp],
  };

  const LEFT_MILLIS = 1_000;
  const run = async (name, a) => {
    let value;
    try {
      const timer = new Promise((resolve) => setTimeout(resolve, LEFT_MILLIS, null));
      value = await Promise.race([attacks[name](a), timer]);
    } catch (error) {
      value = error;
    }
    return isLeak(value) ||
      (value !== globalThis && Array.isArray(value) && value.flat(3).some((one) => one !== globalThis && isLeak(one)));
  };
  return { names: Object.keys(attacks), run };
})();
