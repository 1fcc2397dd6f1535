/** Says what code of the realm's owner sees: the same in a plain and in a hardened realm, but for what a test names. */

import { hardenRealm, say, way } from "./start.ts";

const all = globalThis as unknown as Record<string, unknown>;
if (way === "hardened") hardenRealm(() => {});

const date = new Date(Date.UTC(2026, 10, 25, 6, 7, 8));
const seen: Record<string, () => unknown> = {
  "toLocaleString of a number": () => (1234567.891).toLocaleString("de-DE"),
  "toLocaleString of a big integer": () => 1234567n.toLocaleString("en-IN"),
  "toLocaleString of a date": () => date.toLocaleString("en-GB", { timeZone: "UTC" }),
  "toLocaleDateString": () => date.toLocaleDateString("ja-JP", { timeZone: "UTC", dateStyle: "full" }),
  "toLocaleUpperCase": () => "i".toLocaleUpperCase("tr"),
  "localeCompare": () => ["ä", "z", "a"].sort((a, b) => a.localeCompare(b, "sv")),
  "Intl": () => new Intl.NumberFormat("fr", { style: "currency", currency: "EUR" }).format(1.5),
  "a clock": () => [Date.now() > 1.7e12, new Date().getFullYear() > 2024, typeof performance.now()],
  "a clock of Temporal": () => typeof Temporal === "undefined" || Temporal.Now.instant().epochMilliseconds > 1.7e12,
  "randomness": () => [Math.random() !== Math.random(), crypto.randomUUID().length],
  "the stack of an error": () => new Error("x").stack?.includes("run_owner.ts") ? "shown" : new Error("x").stack,
  "an error's text": () => [`${new RangeError("x", { cause: 1 })}`, (new RangeError("x", { cause: 1 })).cause],
  "assigning over an inherited method": () => {
    const own = {} as { toString: () => string };
    own.toString = () => "mine";
    const list: unknown[] = [];
    list.push = (() => 1) as never;
    class Of extends Map {}
    (Of.prototype as unknown as { get: unknown }).get = () => 7;
    return [`${own}`, list.push(), new Of().get(1)];
  },
  "functions made of text": () => new Function("a", "return a + 1")(1),
  "names of the realm": () => Object.getOwnPropertyNames(all).filter((name) => !isAdded(name)).sort(),
  "own globals": () => {
    all.mine = 1;
    const was = all.mine;
    delete all.mine;
    return [was, "mine" in all];
  },
  "listeners of the realm": () => {
    let heard = 0;
    addEventListener("x", () => heard++);
    dispatchEvent(new Event("x"));
    return heard;
  },
  "timers are things": () => typeof setTimeout(() => {}, 0),
  "a signal's time": () => AbortSignal.timeout(1_000_000).aborted,
  "strategies": () => new ReadableStream({}, new CountQueuingStrategy({ highWaterMark: 3 })).locked,
  "a body": () => new Response("a").headers.get("content-type"),
  "JSON of a date": () => JSON.stringify({ date }),
  "regular expressions": () => "a1b2".replace(/\d/g, (digit) => `<${digit}>`),
  "iterators": () => [1, 2, 3].values().map((value) => value * 2).toArray(),
};

function isAdded(name: string): boolean {
  return ["lockdown", "repairIntrinsics", "Compartment", "assert", "harden", "getStackString"].includes(name) ||
    ["addEventListener", "removeEventListener", "dispatchEvent"].includes(name);
}

const said: Record<string, unknown> = {};
for (const [name, see] of Object.entries(seen)) {
  const value = see();
  said[name] = typeof value === "string" ? value : JSON.stringify(value);
}
say(said);
