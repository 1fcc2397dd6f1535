// Owns the goals and the judgement on them. A goal without its rows is "not measured", never met.
import { pairedRatio, ratioOfTurns } from "./statistics.mjs";

const P99_TO_P50_MAX = 4;
const FOREIGN_TO_PLAIN_MAX = 3;
const JAIL_MICROS_MAX = 200;
const ZOD_MICROS_MAX = 25_000;
const SUSTAINED_TO_BARE_MIN = 0.8;
const SUSTAINED_TO_HTTP_WORKER_MIN = 1.5;

const micros = (row) => row?.fresh;
const number = (value) => value.toFixed(2);
const range = ({ lowest, highest }) => `${number(lowest)} to ${number(highest)}`;

/** A rest between two calls makes a synchronous peer slower, too; so the report also says what it is without. */
function against(row, backToBackMicros) {
  if (backToBackMicros === undefined) return "";
  return `; ${number(row.fresh.p50Micros / backToBackMicros)} against it back to back`;
}

function within(title, above, below, most) {
  return {
    title,
    judge(rows) {
      const found = pairedRatio(micros(rows[above]), micros(rows[below]));
      if (!found) return undefined;
      const hard = against(rows[above], rows[below].backToBackP50Micros);
      const detail = `${number(found.ratio)} x (rounds ${range(found)}${hard}), goal < ${most}`;
      return { met: found.ratio < most, ratio: found.ratio, detail };
    },
  };
}

const faster = (title, above, below) => within(title, above, below, 1);

function sustained(title, above, below, least) {
  return {
    title,
    pair: [above, below],
    judge(rows) {
      const found = ratioOfTurns(rows[above]?.turns?.[below]);
      if (!found) return undefined;
      const detail = `${number(found.ratio)} x (turns ${range(found)}), goal >= ${least}`;
      return { met: found.ratio >= least, ratio: found.ratio, detail };
    },
  };
}

function added(title, above, below) {
  return {
    title,
    judge(rows) {
      const [with_, without] = [micros(rows[above]), micros(rows[below])];
      if (!with_ || !without) return undefined;
      const more = with_.p50Micros - without.p50Micros;
      const detail = `${(more / 1000).toFixed(2)} ms`;
      return { met: more <= JAIL_MICROS_MAX, ratio: with_.p50Micros / without.p50Micros, detail };
    },
  };
}

const tail = {
  title: "`POST /v1/eval`: p99 at most 4 x p50",
  judge(rows) {
    const fresh = micros(rows["thorp-eval"]);
    if (!fresh) return undefined;
    const ratio = fresh.p99Micros / fresh.p50Micros;
    return { met: ratio <= P99_TO_P50_MAX, ratio, detail: `${number(ratio)} x, goal <= ${P99_TO_P50_MAX}` };
  },
};

const zod = {
  title: "`POST /v1/eval` with `npm:zod@4`: p50 at most 25 ms",
  judge(rows) {
    const fresh = micros(rows["thorp-eval-zod"]);
    if (!fresh) return undefined;
    const met = fresh.p50Micros <= ZOD_MICROS_MAX;
    return { met, ratio: fresh.p50Micros / ZOD_MICROS_MAX, detail: `${(fresh.p50Micros / 1000).toFixed(1)} ms` };
  },
};

export const goals = [
  faster("`POST /v1/eval` p50 below Node's `vm` in-process", "thorp-eval", "node-vm"),
  faster("`POST /v1/eval` p50 below `isolated-vm` in-process", "thorp-eval", "isolated-vm"),
  faster("the same with a different expression each time, below Node's `vm`", "thorp-eval-varied", "node-vm"),
  tail,
  zod,
  within(
    "`POST /v1/eval` with a function of another user: p50 at most 3 x that without",
    "thorp-foreign",
    "thorp-eval",
    FOREIGN_TO_PLAIN_MAX,
  ),
  sustained("sustained `POST /v1/eval` against bare `deno run`", "thorp-eval", "bare-deno", SUSTAINED_TO_BARE_MIN),
  sustained(
    "sustained `POST /v1/eval` against `deno-http-worker`",
    "thorp-eval",
    "deno-http-worker",
    SUSTAINED_TO_HTTP_WORKER_MIN,
  ),
  faster("runtime crate alone, p50 below Node's `vm`", "thorp-runtime", "node-vm"),
  added("what the jail adds to a prepared evaluation: p50 at most 0.2 ms", "thorp-runtime", "thorp-runtime-no-jail"),
  sustained("sustained runtime crate against bare `deno run`", "thorp-runtime", "bare-deno", SUSTAINED_TO_BARE_MIN),
];

/** Whose rates are measured in turns. */
export const ratePairs = goals.flatMap(({ pair }) => pair ? [pair] : []);

/** One verdict a goal: `{ title, verdict: "met" | "not met" | "not measured", ratio?, detail? }`. */
export function judgeAll(list) {
  const rows = Object.fromEntries(list.map((row) => [row.name, row]));
  return goals.map(({ title, judge }) => {
    const found = judge(rows);
    if (!found) return { title, verdict: "not measured" };
    return { title, verdict: found.met ? "met" : "not met", ratio: found.ratio, detail: found.detail };
  });
}
