// An expression that calls a function of another user: a hardened realm, in which that val has a Compartment of its own.
import { thorpContender } from "../lib/thorp-client.mjs";

/** Apart from those of other hosts and other runs of the bench. */
const OTHER = `bench${process.pid}x${Date.now() % 1_000_000}`;

export default thorpContender({
  name: "thorp-foreign",
  title: "**Thorp**, with a function of another user",
  fixed: true,
  async prepare(thorp) {
    const { token } = JSON.parse(await thorp.answer(thorp.request("POST", "/v1/users", { name: OTHER })));
    const val = { name: "double", privacy: "public", code: "export default (x: number) => x * 2" };
    await thorp.answer(thorp.request("POST", "/v1/vals", val, token));
  },
  request: (thorp) => thorp.evalRequest(`[1,2,3].map(x => @${OTHER}.double(x))`),
});
