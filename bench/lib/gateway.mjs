// Owns what the gateway costs: requests to a server on this machine directly and over a door of the gateway, in turns, by a
// program of its own, which measures itself. It is no contender: it evaluates nothing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const REQUESTS_FULL = 5_000;
const REQUESTS_QUICK = 200;

/** `{ figures }`, `{ error }` with the reason, or nothing if the program was not given. */
export async function measureGateway(program, deno, quick) {
  if (!program) return undefined;
  try {
    const { stdout } = await run(program, [String(quick ? REQUESTS_QUICK : REQUESTS_FULL), ...(deno ? [deno] : [])]);
    return { figures: JSON.parse(stdout.trim().split("\n").at(-1)) };
  } catch (error) {
    return { error: error.message };
  }
}

/** Lines of a table: what, directly, over the gateway, and how many times as much that is. */
export function gatewayRows({ fetch, ...lean }) {
  const line = (title, direct, over, digits) => [title, direct.toFixed(digits), over.toFixed(digits), (over / direct).toFixed(2)];
  const lines = (who, direct, over) => [
    line(`${who}: a small request, p50, µs`, direct.p50_micros, over.p50_micros, 0),
    line(`${who}: small requests, 16 at once, /s`, direct.requests_per_s, over.requests_per_s, 0),
    line(`${who}: a body of 64 MiB, MiB/s`, direct.mib_per_s, over.mib_per_s, 0),
  ];
  return [
    ...(fetch ? lines("`fetch` of Deno", fetch.direct, fetch.over) : []),
    ...lines("hyper alone", lean.direct, lean.over),
  ];
}

const ADDED_MICROS_MAX = 150;
const THROUGHPUT_MIN = 0.5;

/** Verdicts as those of `goals.mjs`, on what a program in a sandbox sees. */
export function judgeGateway(measured) {
  const fetch = measured?.figures?.fetch;
  const verdict = (title, ratio, met, detail) => ({ title, ratio, verdict: met ? "met" : "not met", detail });
  const least = (title, what) => {
    if (!fetch) return { title, verdict: "not measured" };
    const ratio = fetch.over[what] / fetch.direct[what];
    return verdict(title, ratio, ratio >= THROUGHPUT_MIN, `${ratio.toFixed(2)} x, goal >= ${THROUGHPUT_MIN}`);
  };
  const added = (title) => {
    if (!fetch) return { title, verdict: "not measured" };
    const [over, direct] = [fetch.over.p50_micros, fetch.direct.p50_micros];
    return verdict(title, over / direct, over - direct <= ADDED_MICROS_MAX, `${(over - direct).toFixed(0)} µs`);
  };
  return [
    added("`fetch` over the gateway: p50 at most 150 µs more"),
    least("`fetch` over the gateway, 16 small requests at once, against direct", "requests_per_s"),
    least("`fetch` over the gateway, a large body, against direct", "mib_per_s"),
  ];
}
