/** What foreign code has: its globals are the whole of its authority. */

/**
 * The header that marks a request as foreign code's. The gateway, which takes out all that begin with `proxy-`, sees it;
 * it sees nothing of what is encrypted, where a stranger would get it.
 */
const FOREIGN_HEADER = "proxy-thorp-foreign";

/** What all share, by name: classes and functions that hold nothing of anybody's. */
const SHARED_NAMES = [
  ..."AbortController AbortSignal Blob ByteLengthQueuingStrategy CloseEvent CompressionStream".split(" "),
  ..."CountQueuingStrategy CryptoKey CustomEvent DOMException DecompressionStream ErrorEvent Event".split(" "),
  ..."EventTarget File FileReader FormData Headers MessageEvent ProgressEvent ReadableByteStreamController".split(" "),
  ..."ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController".split(" "),
  ..."ReadableStreamDefaultReader Request Response TextDecoder TextDecoderStream TextEncoder".split(" "),
  ..."TextEncoderStream TransformStream TransformStreamDefaultController URL URLPattern".split(" "),
  ..."URLSearchParams WritableStream WritableStreamDefaultController WritableStreamDefaultWriter".split(" "),
  ..."AsyncDisposableStack DisposableStack Float16Array Float32Array Float64Array Intl SuppressedError".split(" "),
  ..."Date Math Temporal WeakRef FinalizationRegistry atob btoa crypto Crypto SubtleCrypto".split(" "),
];

const { setTimeout: later, setInterval: again, clearTimeout: noLater, clearInterval: notAgain } = globalThis;
const { queueMicrotask: soon, structuredClone: cloneOf, performance: clock } = globalThis;
const NativeRequest = Request;
const now = clock.now.bind(clock);

type Anything = Record<string, unknown>;
type Callback = (...args: unknown[]) => unknown;

/** What all foreign vals share. */
export function sharedEndowments(): Anything {
  const all = globalThis as unknown as Anything;
  const shared: Anything = {};
  for (const name of SHARED_NAMES) if (name in all) shared[name] = all[name];
  return shared;
}

function callback(value: unknown): Callback {
  if (typeof value !== "function") throw new TypeError("The callback is not a function");
  return value as Callback;
}

/** Timers with numbers of their own: those of the host are objects that lead to each other. */
function timers(): Anything {
  const living = new Map<number, unknown>();
  let last = 0;
  const clear = (id: unknown) => {
    const timer = living.get(Number(id));
    if (timer === undefined) return;
    living.delete(Number(id));
    noLater(timer as number);
    notAgain(timer as number);
  };
  const once = (call: unknown, milliseconds: unknown, args: unknown[]): number => {
    const called = callback(call);
    const id = ++last;
    const run = () => {
      living.delete(id);
      Reflect.apply(called, undefined, args);
    };
    living.set(id, later(run, Number(milliseconds) || 0));
    return id;
  };
  return {
    setTimeout: (call: unknown, milliseconds?: unknown, ...args: unknown[]) => once(call, milliseconds, args),
    setImmediate: (call: unknown, ...args: unknown[]) => once(call, 0, args),
    setInterval(call: unknown, milliseconds?: unknown, ...args: unknown[]): number {
      const called = callback(call);
      const id = ++last;
      living.set(id, again(() => Reflect.apply(called, undefined, args), Number(milliseconds) || 0));
      return id;
    },
    clearTimeout: (id: unknown) => clear(id),
    clearInterval: (id: unknown) => clear(id),
    clearImmediate: (id: unknown) => clear(id),
    queueMicrotask(call: unknown): void {
      const called = callback(call);
      soon(() => void Reflect.apply(called, undefined, []));
    },
  };
}

/** `fetch` of the web alone, marked with whose it is. */
function foreignFetch(val: string, native: typeof fetch): typeof fetch {
  return {
    async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      const request = new NativeRequest(input, init);
      const { protocol } = new URL(request.url);
      if (protocol !== "https:" && protocol !== "http:") {
        throw new TypeError(`\`${protocol}\` is not available to imported code`);
      }
      if (protocol === "http:") request.headers.set(FOREIGN_HEADER, val);
      else request.headers.delete(FOREIGN_HEADER);
      return await native(request);
    },
  }.fetch;
}

const PLAIN_LOGS = [
  "log",
  "debug",
  "info",
  "warn",
  "error",
  "trace",
  "group",
  "groupCollapsed",
  "dirxml",
  "dir",
  "table",
];
const LABELS = ["count", "countReset", "time", "timeEnd", "timeLog"];
const NOTHINGS = ["groupEnd", "clear", "profile", "profileEnd", "timeStamp"];

/** `console`, with the name of the val before every line. */
function foreignConsole(val: string, email: Callback): Anything {
  const native = globalThis.console as unknown as Record<string, Callback>;
  const own: Anything = {};
  for (const name of PLAIN_LOGS) {
    // An indentation of the others' lines is not its to change.
    const method = name.startsWith("group") ? native.log! : native[name === "table" ? "dir" : name]!;
    const isListed = name !== "dir" && name !== "table";
    own[name] = (...values: unknown[]) => {
      if (!isListed) return void native.log!(`${val}:`, values[0]);
      const [first, ...others] = values;
      if (typeof first === "string") method(`${val}: ${first}`, ...others);
      else method(`${val}:`, ...values);
    };
  }
  for (const name of LABELS) {
    const method = native[name]!;
    own[name] = (label: unknown = "default", ...values: unknown[]) => void method(`${val}: ${label}`, ...values);
  }
  for (const name of NOTHINGS) own[name] = () => {};
  own.email = email;
  own.assert = (condition: unknown, ...values: unknown[]) => void native.assert!(condition, `${val}:`, ...values);
  return own;
}

/** A clock, without what others have marked on it. */
function foreignPerformance(): Anything {
  const { timeOrigin } = clock;
  return { now: () => now(), timeOrigin, toJSON: () => ({ timeOrigin }) };
}

/** What one foreign val has for itself. */
export function ownEndowments(val: string, native: typeof fetch, email: Callback): Anything {
  return {
    ...timers(),
    fetch: foreignFetch(val, native),
    console: foreignConsole(val, email),
    performance: foreignPerformance(),
    navigator: { language: "en-US", languages: ["en-US"], userAgent: "Thorp", hardwareConcurrency: 1 },
    structuredClone: (value: unknown) => cloneOf(value),
  };
}
