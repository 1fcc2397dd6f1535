// The same without the jail: what the jail costs.
import { thorpRuntimeContender } from "../lib/thorp-runtime.mjs";

export default thorpRuntimeContender({
  name: "thorp-runtime-no-jail",
  title: "**Thorp**, the same without its jail",
  isolation: "a process, Deno's permissions and resource limits, never used twice",
  jail: "none",
});
