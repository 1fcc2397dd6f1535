// The bench's entry: reads the command line, runs the measurement, writes the report. See README.md.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { judgeGateway, measureGateway } from "./lib/gateway.mjs";
import { judgeAll } from "./lib/goals.mjs";
import { describeMachine } from "./lib/machine.mjs";
import { enter, measure, rowOf } from "./lib/measure.mjs";
import { parseOptions, USAGE } from "./lib/options.mjs";
import { report } from "./lib/report.mjs";
import { setUp } from "./setup.mjs";

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const say = (text) => console.error(text);

/** What the children get: their own caches and sockets, in a folder that goes at the end. */
function childEnvironment(scratch) {
  return { DENO_DIR: path.join(scratch, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", TMPDIR: scratch };
}

function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

async function bench(options, settings, contestants) {
  const { chosen, plan, quick } = options;
  const leftOut = chosen.map((contender) => ({ name: contender.name, reason: contender.missing?.(settings) }))
    .filter(({ reason }) => reason);
  const taking = chosen.filter((contender) => !contender.missing?.(settings));
  const problems = setUp(taking.flatMap((contender) => contender.package ?? []), say);
  const machine = describeMachine();
  contestants.push(...enter(taking, settings, problems));
  await measure(contestants, plan, say);
  const rows = contestants.map(rowOf);
  // When nobody else does anything any more.
  const gateway = await measureGateway(options.gatewayBench, settings.deno, quick);
  const verdicts = [...judgeAll(rows), ...judgeGateway(gateway)];
  return { date: new Date().toISOString(), machine, plan, quick, rows, verdicts, gateway, leftOut };
}

function deliver(results, { out, json }) {
  const text = report(results);
  if (out) write(out, text);
  else process.stdout.write(text);
  if (json) write(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

async function main(options) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "thorp-bench-"));
  const settings = { ...options, chosen: undefined, scratch, environment: childEnvironment(scratch) };
  const contestants = [];
  const clean = () => {
    for (const contestant of contestants) contestant.kill();
    rmSync(scratch, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      clean();
      process.exit(EXIT_INTERRUPTED);
    });
  }
  try {
    deliver(await bench(options, settings, contestants), options);
    await Promise.all(contestants.map((contestant) => contestant.stop()));
  } finally {
    clean();
  }
}

function options() {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    say(`error: ${error.message}\n\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}

const given = options();
if (given.help) console.log(USAGE);
else await main(given);
