// Owns one contender in a process of its own, and times it there, so that contenders share no heap, no event loop and
// no memory figure. Started by contestant.mjs; answers its commands, one at a time, over the IPC channel.
import { setTimeout as sleep } from "node:timers/promises";
import { find } from "../contenders/index.mjs";
import { RAMP_SHARE } from "./limits.mjs";
import { killDescendants } from "./processes.mjs";

const NANOS_PER_MICRO = 1000;
const contender = find(process.argv[2]);
let evaluations = 0;

/** One evaluation in microseconds; its answer is checked after the clock has stopped. */
async function timed() {
  const number = evaluations++;
  const before = process.hrtime.bigint();
  const answer = await contender.evaluate(number);
  const micros = Number(process.hrtime.bigint() - before) / NANOS_PER_MICRO;
  const expected = contender.expected ? contender.expected(number) : "[2,4,6]";
  if (answer !== expected) throw new Error(`the answer was \`${answer}\`, not \`${expected}\``);
  return micros;
}

async function sample({ count, paceMillis }) {
  if (contender.sample) return contender.sample(count);
  const samples = [];
  for (let done = 0; done < count; done++) {
    samples.push(await timed());
    await sleep(paceMillis);
  }
  return samples;
}

/** Evaluates in `parallelism` loops; the ramp at the start is not counted. */
async function sustain({ seconds, parallelism }) {
  if (contender.sustained) return contender.sustained(seconds, parallelism);
  const start = performance.now();
  const counted = start + seconds * 1000 * RAMP_SHARE;
  const end = counted + seconds * 1000;
  const samples = [];
  let failed = false;
  const loop = async () => {
    while (performance.now() < end && !failed) {
      const micros = await timed();
      const now = performance.now();
      if (now >= counted && now <= end) samples.push(micros);
      // A synchronous contender would otherwise never let the channel or the collector have their turn.
      if (contender.synchronous && samples.length % 64 === 0) await sleep(0);
    }
  };
  const guarded = () => loop().catch((error) => {
    failed = true;
    throw error;
  });
  const loops = await Promise.allSettled(Array.from({ length: parallelism }, guarded));
  const first = loops.find(({ status }) => status === "rejected");
  if (first) throw first.reason;
  return { perSecond: samples.length / seconds, samples };
}

const commands = {
  start: async (settings) => {
    await contender.start(settings);
    return { version: await contender.version() };
  },
  sample,
  sustain,
  note: async () => contender.measuredNote?.(),
  turns: async () => contender.measuredTurns?.() ?? {},
  stop: async () => {
    await contender.stop();
    killDescendants(process.pid);
  },
};

async function answer({ id, command, parameters }) {
  try {
    process.send({ id, result: await commands[command](parameters) });
  } catch (error) {
    process.send({ id, error: String(error?.message ?? error) });
  }
}

process.on("message", answer);
process.on("disconnect", () => {
  killDescendants(process.pid);
  process.exit(0);
});
// The parent decides when a contender ends; at Ctrl-C the terminal tells the whole group.
process.on("SIGINT", () => {});
