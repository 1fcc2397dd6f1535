// Owns the contenders that are Thorp's runtime crate alone, called in-process from Rust by its own program, which measures
// itself.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { median } from "./statistics.mjs";

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const run = promisify(execFile);

/** `jail` is what the program is told: `full` or `none`. */
export function thorpRuntimeContender({ name, title, isolation, jail }) {
  let settings;
  const sustained = [];
  const bareDeno = [];

  /** One invocation is one round; its last line is the JSON. */
  async function measure(evaluations) {
    const parameters = ["--deno", settings.deno, "--jail", jail, "--evaluations", String(evaluations)];
    const { stdout } = await run(settings.runtimeBench, parameters, { maxBuffer: OUTPUT_BYTES_MAX });
    const result = JSON.parse(stdout.trim().split("\n").at(-1));
    sustained.push(result.sustainedPerSecond);
    bareDeno.push(result.bareDenoPerSecond);
    return result.samples;
  }

  return {
    name,
    title,
    isolation,
    // Chosen by the program itself.
    parallelisms: ["own"],
    missing: ({ runtimeBench }) => (runtimeBench ? undefined : "`--runtime-bench` was not given"),
    version: () => "same commit",
    start(given) {
      settings = given;
    },
    sample: measure,
    sustained: () => ({ perSecond: median(sustained) }),
    measuredTurns: () => ({
      "bare-deno": sustained.map((above, round) => ({ above, below: bareDeno[round] })),
    }),
    measuredNote: () => {
      const ratio = median(sustained) / median(bareDeno);
      return `its own bare \`deno run\`: ${median(bareDeno).toFixed(0)} /s, so ${ratio.toFixed(2)} of it`;
    },
    pid: () => undefined,
    stop() {},
  };
}
