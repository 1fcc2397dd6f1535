// What may end the process: each is tried in a process of its own.
import v8 from "node:v8";

const STEP = 32 << 20;
// More than any process here is given.
const STEPS = 64;

function held(allocate) {
  const all = [];
  try {
    while (all.length < STEPS) all.push(allocate().fill(1));
  } catch {
    return "";
  }
  return `held ${all.length * (STEP >> 20)} MiB`;
}

export const attacks = {
  "heap-snapshot": ({ outside }) =>
    v8.writeHeapSnapshot(`${outside}/open/heap`),
  "array-buffers": () => held(() => new Uint8Array(STEP)),
  "shared-buffers": () =>
    held(() => new Uint8Array(new SharedArrayBuffer(STEP))),
  "wasm-memories": () =>
    held(() => {
      const pages = STEP >> 16;
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
      return new Uint8Array(memory.buffer);
    }),
  "shared-wasm-memories": () =>
    held(() => {
      const pages = STEP >> 16;
      const kind = { initial: pages, maximum: pages, shared: true };
      return new Uint8Array(new WebAssembly.Memory(kind).buffer);
    }),
  heap: () => {
    v8.setFlagsFromString("--max-old-space-size=8192");
    const all = [];
    while (all.length < STEPS) all.push(new Array(STEP >> 3).fill(all));
    return `held ${all.length * (STEP >> 20)} MiB`;
  },
  strings: () => {
    const decoder = new TextDecoder();
    return held(() => {
      const bytes = new Uint8Array(STEP).fill(65);
      return { text: decoder.decode(bytes), fill: () => bytes };
    });
  },
  "worker-flood": async () => {
    const code = "postMessage(1); setInterval(() => {}, 1000)";
    const url = `data:application/javascript,${encodeURIComponent(code)}`;
    for (let number = 0; number < 600; number++) {
      const worker = new Worker(url, { type: "module" });
      await new Promise((resolve) => worker.onmessage = resolve);
    }
    return "made 600 workers";
  },
  "own-folder-full": async ({ scratch }) => {
    const chunk = new Uint8Array(1 << 20);
    let number = 0;
    try {
      for (; number < 80; number++) {
        await Deno.writeFile(`${scratch}/${number}`, chunk);
      }
    } catch {
      return "";
    }
    return `wrote ${number} MiB`;
  },
};
