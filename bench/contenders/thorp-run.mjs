// A saved val of Thorp through POST /v1/run: its worker has loaded it, and is called again.
import { thorpContender } from "../lib/thorp-client.mjs";
import { EXPRESSION } from "../lib/work.mjs";

let val;

export default thorpContender({
  name: "thorp-run",
  title: "**Thorp**, `POST /v1/run` of a saved val, warm worker",
  isolation: "a process in a jail of tier A, kept for one version of a val",
  fixed: true,
  async prepare(thorp) {
    const code = `export default () => ${EXPRESSION}`;
    val = JSON.parse(await thorp.answer(thorp.request("POST", "/v1/vals", { code, privacy: "private" })));
  },
  request: (thorp) => thorp.request("POST", `/v1/run/${val.author.username}.${val.name}`, { args: [] }),
});
