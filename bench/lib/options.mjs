// Owns the command line: what may be given, and what it means.
import path from "node:path";
import { parseArgs } from "node:util";
import { contenders, find } from "../contenders/index.mjs";
import { FULL, QUICK } from "./limits.mjs";
import { findDeno } from "./packages.mjs";

export const USAGE = `usage: node bench/run.mjs [options]
  --deno PATH              Deno for the peers and for the limit (default: the project's own)
  --thorp-url URL          a running Thorp, e.g. http://127.0.0.1:8300
  --thorp-token-file FILE  its token, which may save vals and run them
  --thorp-pid PID          its process, for its memory
  --runtime-bench PATH     the program that measures Thorp's runtime crate alone
  --gateway-bench PATH     the program that measures what Thorp's gateway costs
  --out FILE               the report (default: standard output)
  --json FILE              all figures
  --only NAME,…            of: ${contenders.map(({ name }) => name).join(", ")}
  --quick                  few evaluations: to see that it works, not to judge`;

const OPTIONS = {
  "deno": { type: "string" },
  "thorp-url": { type: "string" },
  "thorp-token-file": { type: "string" },
  "thorp-pid": { type: "string" },
  "runtime-bench": { type: "string" },
  "gateway-bench": { type: "string" },
  "out": { type: "string" },
  "json": { type: "string" },
  "only": { type: "string" },
  "quick": { type: "boolean", default: false },
  "help": { type: "boolean", default: false },
};

/** Throws an error with a message for the user when an option is unknown or has no meaning. */
export function parseOptions(words) {
  const { values } = parseArgs({ args: words, options: OPTIONS });
  const absolute = (file) => file && path.resolve(file);
  return {
    help: values.help,
    quick: values.quick,
    plan: values.quick ? QUICK : FULL,
    chosen: values.only ? values.only.split(",").map(find) : contenders,
    out: absolute(values.out),
    json: absolute(values.json),
    deno: values.deno ? absolute(values.deno) : findDeno(),
    thorpUrl: values["thorp-url"],
    thorpTokenFile: absolute(values["thorp-token-file"]),
    thorpPid: values["thorp-pid"] && Number(values["thorp-pid"]),
    runtimeBench: absolute(values["runtime-bench"]),
    gatewayBench: absolute(values["gateway-bench"]),
  };
}
