// Owns what the gateway costs: requests to a server on this machine directly and over a door of the gateway, in turns, by a
// program of its own, which measures itself. It is no contender: it evaluates nothing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const REQUESTS_FULL = 5_000;
const REQUESTS_QUICK = 200;

/** `{ figures }`, `{ error }` with the reason, or nothing if the program was not given. */
export async function measureGateway(program, quick) {
  if (!program) return undefined;
  try {
    const { stdout } = await run(program, [String(quick ? REQUESTS_QUICK : REQUESTS_FULL)]);
    return { figures: JSON.parse(stdout.trim().split("\n").at(-1)) };
  } catch (error) {
    return { error: error.message };
  }
}

/** Lines of a table: what, directly, over the gateway, and how many times as much that is. */
export function gatewayRows(figures) {
  const line = (title, direct, over, digits) => [title, direct.toFixed(digits), over.toFixed(digits), (over / direct).toFixed(2)];
  return [
    line("a small request, p50, µs", figures.direct_p50_micros, figures.gateway_p50_micros, 0),
    line("small requests at once, /s", figures.direct_requests_per_s, figures.gateway_requests_per_s, 0),
    line("a body of 64 MiB, MiB/s", figures.direct_mib_per_s, figures.gateway_mib_per_s, 0),
  ];
}
