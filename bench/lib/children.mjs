// Owns the start of a contender's child program: its output is kept for the error message, never shown.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MILLIS = 10;
const OUTPUT_CHARS_MAX = 4_000;

/** A running program: `child`, and `output()` for what it wrote on standard error. */
export function launch(program, parameters, { stdin = "ignore", stdout = "ignore" } = {}) {
  const child = spawn(program, parameters, { stdio: [stdin, stdout, "pipe"] });
  let output = "";
  child.stderr.on("data", (text) => {
    output = (output + text).slice(-OUTPUT_CHARS_MAX);
  });
  child.on("error", (error) => {
    output += error.message;
  });
  return { child, output: () => output.trim() };
}

/** Tries until it succeeds, the program ends, or the time is over. */
export async function whenReady(launched, millisMax, attempt) {
  const end = performance.now() + millisMax;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const { exitCode } = launched.child;
      if (exitCode !== null) throw new Error(`it ended with ${exitCode}: ${launched.output()}`);
      if (performance.now() > end) throw new Error(`not ready: ${error.message} ${launched.output()}`);
      await sleep(POLL_MILLIS);
    }
  }
}
