// Owns the order of a measurement: start all, interleaved rounds, sustained runs one after the other, stop all.
import { setTimeout as sleep } from "node:timers/promises";
import { Contestant } from "./contestant.mjs";
import { PACE_MILLIS, SETTLE_MILLIS, WARM_UP_EVALUATIONS } from "./limits.mjs";
import { summarize } from "./statistics.mjs";

/** Runs `step` on every contestant, one at a time: no two are ever measured at once. */
async function each(contestants, say, what, step) {
  for (const contestant of contestants) {
    if (contestant.error !== undefined) continue;
    say(`${what}: ${contestant.contender.name}`);
    await contestant.attempt(step);
    if (contestant.error !== undefined) say(`error: ${contestant.contender.name}: ${contestant.error}`);
  }
}

/** Starts where the round before started one later, so that nobody always follows the same neighbour's end. */
function rotated(list, by) {
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

async function sustain(contestant, plan) {
  for (const parallelism of contestant.contender.parallelisms ?? plan.parallelisms) {
    await contestant.sustain(plan.sustainedSeconds, parallelism);
    await sleep(SETTLE_MILLIS);
  }
}

export async function measure(contestants, plan, say) {
  await each(contestants, say, "start", (contestant) => contestant.start());
  await each(contestants, say, "warm up", (contestant) => contestant.warmUp(WARM_UP_EVALUATIONS));
  for (let round = 0; round < plan.rounds; round++) {
    await each(rotated(contestants, round), say, `round ${round + 1} of ${plan.rounds}`, (contestant) =>
      contestant.round(plan.evaluations, PACE_MILLIS));
  }
  await each(contestants, say, "sustained", (contestant) => sustain(contestant, plan));
  await each(contestants, say, "finish", (contestant) => contestant.finish());
}

/** Creates the contestants; one whose package can't be used is one that has failed already. */
export function enter(contenders, settings, problems) {
  return contenders.map((contender) => {
    const contestant = new Contestant(contender, settings);
    contestant.error = problems[contender.package];
    return contestant;
  });
}

/** What the report and the JSON say of a contestant. */
export function rowOf({ contender, version, error, rounds, sustained, note, memoryStartBytes, memoryEndBytes }) {
  const { name, title, isolation } = contender;
  if (error !== undefined) return { name, title, isolation, version, error };
  const rates = sustained.map(({ parallelism, perSecond, error: failed }) => ({ parallelism, perSecond, error: failed }));
  const best = rates.filter((rate) => rate.error === undefined).sort((a, b) => b.perSecond - a.perSecond)[0];
  const alone = sustained.find(({ parallelism }) => parallelism === 1)?.samples ?? [];
  return {
    name,
    title,
    isolation,
    version,
    note,
    fresh: summarize(rounds),
    backToBackP50Micros: alone.length > 0 ? summarize([alone]).p50Micros : undefined,
    sustained: rates,
    best,
    memoryStartBytes,
    memoryEndBytes,
  };
}
