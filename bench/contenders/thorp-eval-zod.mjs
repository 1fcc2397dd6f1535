// The same with one npm package, which Thorp has resolved and prepared at the first evaluation.
import { thorpContender } from "../lib/thorp-client.mjs";

export default thorpContender({
  name: "thorp-eval-zod",
  title: "**Thorp**, with `npm:zod@4`",
  fixed: true,
  request: (thorp) => thorp.evalRequest('(await import("npm:zod@4")).z.number().parse(3)'),
  expected: () => "3",
});
