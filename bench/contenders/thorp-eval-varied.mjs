// The same with an expression that Thorp has not seen before, so that no cache of compiled code helps.
import { thorpContender } from "../lib/thorp-client.mjs";

/** Apart from the numbers of other hosts and other runs of the bench. */
const FIRST = process.pid * 1_000_000 + (Date.now() % 1_000_000);

export default thorpContender({
  name: "thorp-eval-varied",
  title: "**Thorp**, a different expression each time",
  request: (thorp, n) => thorp.evalRequest(`[1,2,${FIRST + n}].map(x => x*2)`),
  expected: (n) => `[2,4,${(FIRST + n) * 2}]`,
});
