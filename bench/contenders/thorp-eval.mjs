// Thorp as its users see it: POST /v1/eval over a keep-alive connection, recorded.
import { thorpContender } from "../lib/thorp-client.mjs";
import { EXPRESSION } from "../lib/work.mjs";

export default thorpContender({
  name: "thorp-eval",
  title: "**Thorp**, `POST /v1/eval`, recorded",
  fixed: true,
  request: (thorp) => thorp.evalRequest(EXPRESSION),
});
