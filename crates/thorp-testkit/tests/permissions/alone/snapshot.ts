"$IMPORT";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import { inspect } from "node:util";

const date = new Date(Date.UTC(2026, 6, 4, 15, 30));

class Mine extends Error {
  override name = "Mine";
  constructor(message: string, readonly extra: number) {
    super(message);
  }
}

class Shape {
  sides = 4;
  toString() {
    return `Shape(${this.sides})`;
  }
}

function thrown(work: () => unknown): unknown {
  try {
    return ["nothing was thrown", work()];
  } catch (error) {
    return [(error as Error).name, (error as Error).message, error instanceof Error];
  }
}

const seen: Record<string, () => unknown> = {
  "numbers of a locale": () => [(1234567.891).toLocaleString(), (1234567.891).toLocaleString("de"), (0.5).toLocaleString("en", { style: "percent" })],
  "big numbers of a locale": () => (12345678901234567890n).toLocaleString("fr"),
  "dates of a locale": () => [
    date.toLocaleString("en-US", { timeZone: "UTC" }),
    date.toLocaleDateString("ja", { timeZone: "Asia/Tokyo" }),
    date.toLocaleTimeString("de", { timeZone: "Europe/Berlin" }),
  ],
  "lists of a locale": () => [[1234.5, date].map(String), [1234.5].toLocaleString(), ["b", "ä", "a"].sort((a, b) => a.localeCompare(b, "de"))],
  "cases of a locale": () => ["İI".toLocaleLowerCase("tr"), "i".toLocaleUpperCase("tr")],
  "Intl": () => [
    new Intl.NumberFormat("en", { notation: "compact" }).format(12345),
    new Intl.RelativeTimeFormat("en").format(-1, "day"),
    Intl.DateTimeFormat().resolvedOptions().timeZone,
    new Intl.ListFormat("en").format(["a", "b"]),
  ],
  "Temporal": () => [Temporal.PlainDate.from("2026-01-31").add({ months: 1 }).toString(), typeof Temporal.Now.instant().epochMilliseconds],
  "dates": () => [date.toISOString(), JSON.stringify({ date }), new Date("2026-02-30T00:00:00Z").getTime(), typeof Date()],
  "the clock": () => [Math.abs(Date.now() - new Date().getTime()) < 1000, performance.now() > 0, performance.timeOrigin > 1e12],
  "chance": () => {
    const many = Array.from({ length: 1000 }, () => Math.random());
    return [new Set(many).size, many.every((one) => one >= 0 && one < 1), crypto.getRandomValues(new Uint8Array(4)).length];
  },
  "errors": () => {
    const error = new Mine("no", 7);
    return [String(error), error.extra, error instanceof Mine, Object.keys(error), new Error("a", { cause: "b" }).cause];
  },
  "errors of the language": () => [
    thrown(() => (null as unknown as { x: number }).x),
    thrown(() => JSON.parse("{")),
    thrown(() => decodeURIComponent("%")),
    thrown(() => new Array(-1)),
    thrown(() => (undefined as unknown as () => void)()),
    thrown(() => BigInt("x")),
  ],
  "a stack is a text that begins with the error": () => {
    const { stack } = new RangeError("here");
    return [typeof stack, stack?.split("\n")[0]];
  },
  "objects over inherited names": () => {
    const object: Record<string, unknown> = {};
    object.toString = () => "mine";
    object.constructor = 1;
    object.valueOf = 2;
    return [`${object.toString}`.length > 0, object.constructor, object.valueOf, Object.keys(object)];
  },
  "functions over inherited names": () => {
    const f = Object.assign(() => 1, { toString: () => "mine", call: 3 });
    return [`${f}`, f.call];
  },
  "classes": () => [`${new Shape()}`, new Shape() instanceof Shape, Object.prototype.toString.call(new Shape())],
  "own prototypes": () => {
    (Shape.prototype as unknown as { area: () => number }).area = () => 16;
    return (new Shape() as unknown as { area: () => number }).area();
  },
  "subclasses of the language's": () => {
    class List extends Array<number> {
      sum() {
        return this.reduce((a, b) => a + b, 0);
      }
    }
    class Table extends Map<string, number> {
      override get(name: string) {
        return super.get(name) ?? 0;
      }
    }
    return [List.from([1, 2]).map((n) => n * 2) instanceof List, (List.from([1, 2]) as List).sum(), new Table([["a", 1]]).get("b")];
  },
  "the names of a program": () =>
    ["Deno", "process", "Buffer", "global", "self", "window", "Worker", "fetch", "require", "Compartment", "lockdown", "harden"]
      .map((name) => `${name} ${name in globalThis ? typeof (globalThis as unknown as Record<string, unknown>)[name] : "none"}`),
  "what Deno and Node have": () => [
    typeof Deno.serve,
    Deno.version.deno,
    join("a", "..", "b"),
    inspect({ a: [1, { b: new Map([["c", 1]]) }] }, { depth: 5 }),
    new EventEmitter().listenerCount("x"),
    Deno.inspect({ date, list: [1, "a"] }),
  ],
  "code made of text": () => [new Function("a", "return a + 1")(1), (0, eval)("1 + 1")],
  "text": () => ["a1b2".replace(/\d/g, (digit) => `<${digit}>`), "x".padStart(3, "-"), [..."aé😀"].length, "ß".normalize("NFD")],
  "web": () => [
    new URL("/a?b=c#d", "https://example.com").href,
    [...new Headers({ b: "1", A: "2" })],
    new URLSearchParams("a=1&a=2").getAll("a"),
    btoa("thorp"),
    structuredClone(new Map([["a", date]])).size,
    new TextDecoder().decode(new TextEncoder().encode("ü")),
    Object.prototype.toString.call(new Response("x")),
  ],
  "timers": () => typeof setTimeout(() => {}, 0),
  "sorting": () => [[3, 1, 2].toSorted(), Object.groupBy([1, 2, 3], (n) => n % 2 ? "odd" : "even")],
};

export default async function () {
  const said: Record<string, unknown> = {};
  for (const [name, see] of Object.entries(seen)) {
    try {
      said[name] = see() ?? null;
    } catch (error) {
      said[name] = `${error}`;
    }
  }
  said["promises"] = await Promise.allSettled([Promise.resolve(1), Promise.reject(new Mine("later", 1))])
    .then((all) => all.map((one) => one.status === "fulfilled" ? one.value : String(one.reason)));
  said["streams"] = await new Response(new Blob(["a", "b"]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer()
    .then((bytes) => bytes.byteLength > 20);
  said["digests"] = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("a"))).toHex().slice(0, 8);
  console.log("shown", { date, nested: { list: [1, [2]] } }, new Mine("shown", 2).message, [undefined, null], new Set([1]));
  console.table([{ a: 1 }]);
  return said;
}
