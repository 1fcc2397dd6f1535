// Deno workers: one Deno process, a new Worker without permissions for each evaluation.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { launch } from "../lib/children.mjs";
import { programVersion } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

const GUEST = fileURLToPath(new URL("./guests/deno-workers.js", import.meta.url));
// `deno.permissions` of a worker is still an unstable option.
const FLAGS = ["run", "--no-config", "--no-lock", "--no-prompt", "--unstable-worker-options"];

let deno;
let program;
let next = 0;
const waiting = new Map();

function receive(line) {
  const [number, answer] = JSON.parse(line);
  waiting.get(number)?.resolve(answer);
  waiting.delete(number);
}

function lose() {
  for (const { reject } of waiting.values()) reject(new Error(`Deno ended: ${program.output()}`));
  waiting.clear();
}

export default {
  name: "deno-workers",
  title: "Deno worker, all in one Deno process",
  isolation: "an isolate in a shared process, Deno's permissions",
  version: () => programVersion(deno),
  start(settings) {
    deno = settings.deno;
    program = launch(deno, [...FLAGS, GUEST], { stdin: "pipe", stdout: "pipe" });
    createInterface({ input: program.child.stdout }).on("line", receive);
    program.child.on("exit", lose);
  },
  evaluate: () =>
    new Promise((resolve, reject) => {
      const number = next++;
      waiting.set(number, { resolve, reject });
      program.child.stdin.write(`${JSON.stringify([number, EXPRESSION])}\n`);
    }),
  stop() {
    program?.child.kill("SIGKILL");
  },
};
