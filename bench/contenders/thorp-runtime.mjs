// Thorp's runtime crate alone, in the jail that a town has.
import { thorpRuntimeContender } from "../lib/thorp-runtime.mjs";

export default thorpRuntimeContender({
  name: "thorp-runtime",
  title: "**Thorp**, runtime crate alone, in-process in Rust",
  isolation: "a process in a jail of tier A, never used twice",
  jail: "full",
});
