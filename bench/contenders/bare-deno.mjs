// The limit: `deno run` of an empty script, which evaluates nothing and answers nothing.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { programVersion } from "../lib/packages.mjs";

const EMPTY = fileURLToPath(new URL("./guests/empty.js", import.meta.url));
const FLAGS = ["run", "--no-config", "--no-lock", "--no-prompt"];
/** More than any machine of this size reaches, so that a sustained run takes about the time it was given. */
const STARTS_PER_SECOND_AND_LANE = 50;

let deno;

function exitOf(program, parameters, stdin = "ignore") {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: [stdin, "ignore", "ignore"] });
    child.on("error", reject);
    child.on("exit", (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`\`${program}\` ended with ${code ?? signal}`)));
    child.stdin?.on("error", () => {});
  });
}

export default {
  name: "bare-deno",
  title: "bare `deno run` of an empty script (the limit)",
  isolation: "a process, Deno's permissions",
  expected: () => undefined,
  parallelisms: [1, 2, 3, 4],
  version: () => programVersion(deno),
  start(settings) {
    deno = settings.deno;
  },
  evaluate: () => exitOf(deno, [...FLAGS, EMPTY]),
  /** Driven by `xargs`, which starts a process for less than Node does: the limit must not be understated. */
  async sustained(seconds, parallelism) {
    const starts = Math.ceil(seconds * STARTS_PER_SECOND_AND_LANE * Math.min(parallelism, availableParallelism()));
    const before = performance.now();
    const loop = 'seq "$1" | xargs -P "$2" -n 1 "$3" run --no-config --no-lock --no-prompt "$4"';
    await exitOf("sh", ["-c", loop, "sh", String(starts), String(parallelism), deno, EMPTY]);
    return { perSecond: (starts * 1000) / (performance.now() - before) };
  },
  // No process stays between two evaluations.
  pid: () => undefined,
  stop() {},
};
