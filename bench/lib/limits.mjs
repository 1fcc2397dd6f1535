// Owns the numbers of a measurement, each with its unit last.

/** A full run: 150 evaluations of each, each parallelism for 3 s in two passes over all, and 7 turns of each pair of a goal. */
export const FULL = {
  rounds: 5,
  evaluations: 30,
  sustainedPasses: 2,
  sustainedSeconds: 3,
  turns: 7,
  parallelismsMax: Infinity,
  settleMillis: 1_000,
};

/** Enough to see that every contender works; too little for a judgement. */
export const QUICK = {
  rounds: 2,
  evaluations: 10,
  sustainedPasses: 1,
  sustainedSeconds: 1,
  turns: 1,
  parallelismsMax: 2,
  settleMillis: 200,
};

/** What is tried for the sustained rate, unless a contender says otherwise. */
export const PARALLELISMS = [1, 2, 4];

/** Evaluations before the first measured one. */
export const WARM_UP_EVALUATIONS = 10;

/** Pause after each paced evaluation: at most 25 a second, which lets every pool refill. */
export const PACE_MILLIS = 40;

/** Part of a sustained run that passes before counting starts, so that a full pool gives no head start. */
export const RAMP_SHARE = 0.25;

/** A contender's first start may download a package or fill a cache. */
export const START_MILLIS_MAX = 120_000;

/** What one sampling or sustained command may take beyond its planned time. */
export const COMMAND_SLACK_MILLIS = 120_000;

/** How long a contender may take to stop by itself before its process tree is killed. */
export const STOP_MILLIS_MAX = 3_000;
