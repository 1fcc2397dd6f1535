// Owns the order of a measurement: start all, interleaved rounds, interleaved passes of sustained runs.
import { setTimeout as sleep } from "node:timers/promises";
import { Contestant } from "./contestant.mjs";
import { ratePairs } from "./goals.mjs";
import { PACE_MILLIS, PARALLELISMS, WARM_UP_EVALUATIONS } from "./limits.mjs";
import { mean, summarize } from "./statistics.mjs";

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

/** A rest after each run keeps refills and late exits out of the next contender's figures. */
async function sustain(contestant, plan) {
  const parallelisms = contestant.contender.parallelisms ?? PARALLELISMS;
  for (const parallelism of parallelisms.slice(0, plan.parallelismsMax)) {
    await contestant.sustain(plan.sustainedSeconds, parallelism);
    await sleep(plan.settleMillis);
  }
}

/** The parallelism at which a contender is fastest; none if it has failed, takes no part, or measures itself. */
function fastest(contestant) {
  if (contestant === undefined || contestant.error !== undefined || contestant.contender.sample) return undefined;
  return bestOf(ratesOf(contestant.sustained))?.parallelism;
}

/**
 * The two of a goal in turns, A B A B, seconds apart: a machine that slows down between two passes over all contenders
 * would otherwise decide the ratio.
 */
async function alternate(contestants, plan, say) {
  for (const [aboveName, belowName] of ratePairs) {
    const [above, below] = [aboveName, belowName].map((name) => contestants.find(({ contender }) => contender.name === name));
    const [ofAbove, ofBelow] = [fastest(above), fastest(below)];
    if (ofAbove === undefined || ofBelow === undefined) continue;
    say(`in turns: ${aboveName} and ${belowName}`);
    const rate = async (contestant, parallelism) => {
      const perSecond = await contestant.rate(plan.sustainedSeconds, parallelism);
      await sleep(plan.settleMillis);
      return perSecond;
    };
    await above.attempt(async () => {
      above.turns[belowName] = [];
      for (let turn = 0; turn < plan.turns; turn++) {
        above.turns[belowName].push({ above: await rate(above, ofAbove), below: await rate(below, ofBelow) });
      }
    });
  }
}

export async function measure(contestants, plan, say) {
  await each(contestants, say, "start", (contestant) => contestant.start());
  await each(contestants, say, "warm up", (contestant) => contestant.warmUp(WARM_UP_EVALUATIONS));
  for (let round = 0; round < plan.rounds; round++) {
    await each(rotated(contestants, round), say, `round ${round + 1} of ${plan.rounds}`, (contestant) =>
      contestant.round(plan.evaluations, PACE_MILLIS));
  }
  for (let pass = 0; pass < plan.sustainedPasses; pass++) {
    await each(rotated(contestants, pass), say, `sustained, pass ${pass + 1} of ${plan.sustainedPasses}`, (contestant) =>
      sustain(contestant, plan));
  }
  await alternate(contestants, plan, say);
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

/** The mean rate of each parallelism over the passes; one that failed in any pass has failed. */
function ratesOf(sustained) {
  const parallelisms = [...new Set(sustained.map(({ parallelism }) => parallelism))];
  return parallelisms.map((parallelism) => {
    const runs = sustained.filter((run) => run.parallelism === parallelism);
    const failed = runs.find(({ error }) => error !== undefined);
    if (failed) return { parallelism, error: failed.error };
    const passes = runs.map(({ perSecond }) => perSecond);
    return { parallelism, perSecond: mean(passes), passes };
  });
}

const bestOf = (rates) =>
  rates.filter((rate) => rate.error === undefined).sort((a, b) => b.perSecond - a.perSecond)[0];

/** What the report and the JSON say of a contestant. */
export function rowOf({ contender, version, error, rounds, sustained, turns, note, memoryStartBytes, memoryEndBytes }) {
  const { name, title, isolation } = contender;
  if (error !== undefined) return { name, title, isolation, version, error };
  const rates = ratesOf(sustained);
  const alone = sustained.filter(({ parallelism }) => parallelism === 1).flatMap(({ samples }) => samples ?? []);
  return {
    name,
    title,
    isolation,
    version,
    note,
    fresh: summarize(rounds),
    backToBackP50Micros: alone.length > 0 ? summarize([alone]).p50Micros : undefined,
    sustained: rates,
    best: bestOf(rates),
    turns,
    memoryStartBytes,
    memoryEndBytes,
  };
}
