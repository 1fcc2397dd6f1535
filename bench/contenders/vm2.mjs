// vm2: a `vm` context behind proxies.
import { packageVersion } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

let VM;

export default {
  name: "vm2",
  title: "`vm2`, in-process",
  isolation: "proxies in one isolate, escaped from many times",
  package: "vm2",
  synchronous: true,
  version: () => packageVersion("vm2"),
  async start() {
    ({ VM } = (await import("vm2")).default);
  },
  evaluate: () => JSON.stringify(new VM().run(EXPRESSION)),
  stop() {},
};
