// A saved val of Thorp through POST /v1/run, on its warm worker. The val's answer must be `[2,4,6]`.
import { thorpContender } from "../lib/thorp-client.mjs";

const contender = thorpContender({
  name: "thorp-run",
  title: "**Thorp**, `POST /v1/run` of a saved val, warm worker",
  isolation: "a process in a jail, kept for one val and one run-as user",
  fixed: true,
  request: (thorp, _, { thorpVal }) => thorp.request("POST", `/v1/run/${thorpVal}`, { args: [] }),
});

export default {
  ...contender,
  missing: (settings) =>
    contender.missing(settings) ?? (settings.thorpVal ? undefined : "`--thorp-val` was not given"),
};
