// isolated-vm: a new V8 isolate in the same process.
import { packageVersion } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

const MEMORY_MIB = 128;
let ivm;

export default {
  name: "isolated-vm",
  title: "`isolated-vm`, in-process",
  isolation: "an isolate in a shared process",
  package: "isolated-vm",
  synchronous: true,
  // Without it the package crashes on Node 20 and later.
  nodeFlags: ["--no-node-snapshot"],
  version: () => packageVersion("isolated-vm"),
  async start() {
    ivm = (await import("isolated-vm")).default;
  },
  evaluate() {
    const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MIB });
    try {
      const context = isolate.createContextSync();
      return JSON.stringify(context.evalSync(EXPRESSION, { copy: true }));
    } finally {
      isolate.dispose();
    }
  },
  stop() {},
};
