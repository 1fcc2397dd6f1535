// Owns the list of contenders, in the order of the report. Their packages are loaded in `start`, never here.
//
// A contender is `{ name, title, isolation, version(), start(settings), evaluate(n), stop() }`; `evaluate` resolves with
// the answer as JSON text. It may have:
//   missing(settings)     why it has nothing to run on, when an option was not given
//   package               the npm package that must be installed for it
//   synchronous           it blocks its thread, so a parallelism of N means N processes
//   nodeFlags             of the process it lives in
//   expected(n)           the right answer, when that is not `[2,4,6]`
//   parallelisms          what to try for the sustained rate
//   sample(n)             n paced evaluations at once, in microseconds, when it measures itself
//   sustained(s, p)       `{ perSecond }`, when it measures itself
//   measuredTurns()       its rates in turns with others', `{ name: [{ above, below }] }`, when it measures itself
//   measuredNote()        a remark for the report, after all rounds
//   pid(settings)         whose process tree is its memory, when not its own
import bareDeno from "./bare-deno.mjs";
import denoHttpWorker from "./deno-http-worker.mjs";
import denoWorkers from "./deno-workers.mjs";
import isolatedVm from "./isolated-vm.mjs";
import nodeVm from "./node-vm.mjs";
import quickjs from "./quickjs.mjs";
import thorpEval from "./thorp-eval.mjs";
import thorpEvalVaried from "./thorp-eval-varied.mjs";
import thorpEvalZod from "./thorp-eval-zod.mjs";
import thorpForeign from "./thorp-foreign.mjs";
import thorpRun from "./thorp-run.mjs";
import thorpRuntime from "./thorp-runtime.mjs";
import thorpRuntimeNoJail from "./thorp-runtime-no-jail.mjs";
import vm2 from "./vm2.mjs";
import workerd from "./workerd.mjs";

export const contenders = [
  thorpEval,
  thorpEvalVaried,
  thorpEvalZod,
  thorpForeign,
  thorpRun,
  thorpRuntime,
  thorpRuntimeNoJail,
  nodeVm,
  vm2,
  isolatedVm,
  quickjs,
  workerd,
  denoWorkers,
  denoHttpWorker,
  bareDeno,
];

export function find(name) {
  const contender = contenders.find((each) => each.name === name);
  if (!contender) throw new Error(`there is no contender \`${name}\``);
  return contender;
}
