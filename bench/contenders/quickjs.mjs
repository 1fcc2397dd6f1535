// QuickJS compiled to WebAssembly: a new runtime and context in one WebAssembly instance.
import { packageVersion } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

let quickjs;

export default {
  name: "quickjs",
  title: "QuickJS in WebAssembly, in-process",
  isolation: "an interpreter in a shared WebAssembly memory; no web or Node APIs",
  package: "quickjs-emscripten",
  synchronous: true,
  version: () => `quickjs-emscripten ${packageVersion("quickjs-emscripten")}`,
  async start() {
    quickjs = await (await import("quickjs-emscripten")).getQuickJS();
  },
  evaluate() {
    const context = quickjs.newContext();
    try {
      const result = context.unwrapResult(context.evalCode(EXPRESSION));
      const answer = JSON.stringify(context.dump(result));
      result.dispose();
      return answer;
    } finally {
      context.dispose();
    }
  },
  stop() {},
};
