/** A, whose realm it is: what it passes to a foreign val, and what it does with what it gets back. */

import nodeConsole from "node:console";
import nodeUtil from "node:util";

const SECRET = "the-secret-of-a";
globalThis.isTheRealmOfA = true;
globalThis.aSecret = SECRET;

class Mine {
  #secret = SECRET;
  ask() {
    return this.#secret.length;
  }
}

function show(value) {
  console.error(value);
  console.log("failed:", value);
}

/** What A would pass to a library. */
export function things(url) {
  let lives = false;
  setTimeout(() => lives = true, 20);
  const quiet = (...values) => console.log(...values);
  return {
    url,
    blob: URL.createObjectURL(new Blob([SECRET])),
    instance: new Mine(),
    open: { value: 1 },
    expression: /secret of (.*)/,
    request: new Request("http://localhost/", { headers: { "x-a": "b" } }),
    call: () => 1,
    later: async () => {},
    items: function* () {},
    run: (call) => call(),
    map: (list, call) => Array.prototype.map.call(list, (value) => call(value)),
    fail() {
      throw new RangeError("A's");
    },
    read: ({ x }) => x,
    json: (value) => JSON.stringify({ aSecret: SECRET, value }).length,
    wait: async (value) => {
      await value;
    },
    text: (value) => `${value}`.length,
    isKind: (kind) => SECRET instanceof kind,
    list: () => [1],
    walk: (values) => {
      for (const _ of values);
    },
    walkAsync: async (values) => {
      for await (const _ of values);
    },
    log: quiet,
    show,
    inspect: (value) => nodeUtil.inspect(value) + nodeUtil.format("%o", value) + Deno.inspect(value),
    logByNode: (value) => nodeConsole.log(value),
    table: (value) => console.table(value),
    match: () => void /secret of (.*)/.exec(`secret of ${SECRET}`),
    timerLives: () => new Promise((resolve) => setTimeout(() => resolve(lives), 60)),
  };
}

/** The names of the attacks that got something. */
export async function attackAll({ names, run }, url) {
  const got = [];
  for (const name of names) {
    if (await run(name, things(url))) got.push(name);
  }
  return { count: names.length, got };
}
