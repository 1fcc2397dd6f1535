// Node's own `vm`: a new context in the same isolate and thread.
import vm from "node:vm";
import { EXPRESSION } from "../lib/work.mjs";

export default {
  name: "node-vm",
  title: "Node `vm`, in-process",
  isolation: "none",
  synchronous: true,
  version: () => `Node ${process.version}`,
  start() {},
  evaluate: () => JSON.stringify(vm.runInNewContext(EXPRESSION)),
  stop() {},
};
