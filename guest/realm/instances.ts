/**
 * Things of every kind that foreign code can make or get. Two of each show what all of a kind have in common, which is
 * then frozen: iterators, controllers and readers have prototypes that no name leads to.
 */

/** Makes one of each kind. What one cannot be made of is left out. */
export function* oneOfEach(): Generator<unknown> {
  for (const make of MAKERS) {
    let made;
    try {
      made = make();
    } catch {
      continue;
    }
    // Each by itself: what two different ones share, two of a kind share too.
    yield made;
  }
}

function streams(): unknown[] {
  const found: unknown[] = [];
  const keep = (controller: unknown) => void found.push(controller);
  const readable = new ReadableStream({ start: keep });
  const started = new ReadableStream({ start: keep, pull: () => {}, cancel: () => {} });
  new ReadableStream({ type: "bytes", start: keep, autoAllocateChunkSize: 1 });
  new ReadableStream({ type: "bytes", start: keep, pull: () => {}, cancel: () => {} });
  new WritableStream({ start: keep, write: () => {}, close: () => {}, abort: () => {} });
  new TransformStream({ start: keep, transform: () => {}, flush: () => {} });
  const bytes = new ReadableStream({ type: "bytes", start: keep });
  const writable = new WritableStream({ start: keep });
  const transform = new TransformStream({ start: keep });
  found.push(started, readable, bytes, writable, transform, transform.readable, transform.writable);
  found.push(
    ...new ReadableStream().tee(),
    new ReadableStream().values(),
    new ReadableStream()[Symbol.asyncIterator](),
  );
  found.push(readable.getReader(), bytes.getReader({ mode: "byob" }), writable.getWriter());
  return found;
}

function byteRequests(): unknown[] {
  const found: unknown[] = [];
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      found.push(controller.byobRequest);
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
  stream.getReader({ mode: "byob" }).read(new Uint8Array(1)).then(undefined, () => {});
  found.push(stream);
  return found;
}

/** What of other signals a signal holds: a set of Deno's own, with iterators of its own. */
function signalSets(): unknown[] {
  const signal = AbortSignal.any([new AbortController().signal]) as unknown as Record<symbol, Set<unknown>>;
  const key = Object.getOwnPropertySymbols(signal).find((key) => key.description === "[[sourceSignals]]")!;
  const set = signal[key]!;
  return [set, set.entries(), set.keys(), set.values(), set[Symbol.iterator]()];
}

const FORM_TYPE = "application/x-www-form-urlencoded";
const request = () => new Request("http://localhost/", { method: "POST", body: "a=b", headers: { "x-a": "b" } });
const response = () => new Response("a", { headers: { "x-a": "b" } });

const MAKERS: (() => unknown)[] = [
  () => crypto.subtle,
  signalSets,
  () => ReadableStream.from([1]),
  () => ReadableStream.from([1]).getReader(),
  streams,
  byteRequests,
  () => new AbortController(),
  () => new AbortController().signal,
  () => AbortSignal.abort(),
  () => AbortSignal.any([new AbortController().signal]),
  () => AbortSignal.any([AbortSignal.abort()]),
  () => new Blob(["a"]),
  () => new Blob(["a"]).stream(),
  () => new File(["a"], "a"),
  () => new FileReader(),
  () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }),
  () => new CountQueuingStrategy({ highWaterMark: 1 }),
  () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size,
  () => new CountQueuingStrategy({ highWaterMark: 1 }).size,
  () => new CompressionStream("gzip"),
  () => new DecompressionStream("gzip"),
  () => new CompressionStream("gzip").readable,
  () => new CompressionStream("gzip").writable,
  () => new TextDecoderStream(),
  () => new TextEncoderStream(),
  () => new TextDecoder(),
  () => new TextEncoder(),
  () => new Event("a"),
  () => new CustomEvent("a"),
  () => new ErrorEvent("a"),
  () => new CloseEvent("a"),
  () => new MessageEvent("a"),
  () => new ProgressEvent("a"),
  () => new EventTarget(),
  () => new DOMException("a", "AbortError"),
  () => new FormData(),
  () => new FormData().entries(),
  () => new FormData().keys(),
  () => new FormData().values(),
  () => new Headers({ a: "b" }),
  () => new Headers({ a: "b" }).entries(),
  () => new Headers({ a: "b" }).keys(),
  () => new Headers({ a: "b" }).values(),
  request,
  () => request().body,
  () => request().headers,
  () => request().signal,
  () => request().clone(),
  () => new Request("http://localhost/"),
  () => new Request(request(), { signal: new AbortController().signal }).signal,
  response,
  () => response().body,
  () => response().headers,
  () => response().clone(),
  () => Response.error(),
  () => Response.json({}),
  () => Response.redirect("http://localhost/"),
  () => new Response(new URLSearchParams("a=b"), { headers: { "content-type": FORM_TYPE } }),
  () => new Response(new FormData()),
  () => new Response(new ReadableStream()),
  () => new Response(new Blob(["a"])),
  () => new Response(new Uint8Array(1)),
  () => new URL("http://localhost/?a=b"),
  () => new URL("http://localhost/?a=b").searchParams,
  () => new URLSearchParams("a=b"),
  () => new URLSearchParams("a=b").entries(),
  () => new URLSearchParams("a=b").keys(),
  () => new URLSearchParams("a=b").values(),
  () => new URLPattern({ pathname: "/:a" }),
  () => new URLPattern({ pathname: "/:a" }).exec("http://localhost/a"),
  () => new DisposableStack(),
  () => new AsyncDisposableStack(),
  () => structuredClone(new Error("a")),
  () => structuredClone({ a: [new Map(), new Set(), new Date(), /a/, new Uint8Array(1)] }),
  () => new Intl.Segmenter().segment("a"),
  () => new Intl.Segmenter().segment("a")[Symbol.iterator](),
  () => new Intl.Locale("en"),
  () => Intl.getCanonicalLocales("en"),
  () => "a".matchAll(/a/g),
  () => [].values(),
  () => new Map().entries(),
  () => new Set().values(),
  () => Iterator.from({ next: () => ({ done: true, value: undefined }) }),
  () => [1].values().map((value) => value),
  () => {
    try {
      new URL("no");
    } catch (error) {
      return error;
    }
  },
  () => {
    try {
      new Response("", { status: 1 });
    } catch (error) {
      return error;
    }
  },
];
