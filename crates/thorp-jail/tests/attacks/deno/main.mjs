// Tries all attacks of a group, or one of them, and prints a line of JSON for each. Its arguments are what it is told about
// the host, the group, and the attack. An attack answers with what it reached; if it throws, or answers with nothing, it was contained.
import { setTimeout as wait } from "node:timers/promises";

const WAIT_MILLIS = 3_000;

// What the kernel, and Deno on its behalf, say when there is nothing to be had. Any other error is a mistake in the attack.
const REFUSALS = [
  /os error \d+/,
  /(\b|_)E[A-Z_]{3,}\b/,
  /denied|not permitted|Requires \w+ access|[Nn]o such file|[Nn]ot found|not supported/,
  /Cannot find module|Command failed|UNKNOWN|Failed to create/,
  /failure in name resolution|tcp (open|connect) error/,
  /[Uu]nable to open|unreachable|refused|[Rr]ead-only/,
  /cannot open shared object|failed to map segment/,
];

const ground = JSON.parse(Deno.args[0]);

function told(error) {
  const { name, message, code, cause } = Object(error);
  const more = cause ? ` (${told(cause)})` : "";
  return `${name}: ${message ?? error} ${code ?? ""}${more}`;
}

async function outcome(attack) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("no answer in time")),
      WAIT_MILLIS,
    );
  });
  try {
    const reached = await Promise.race([attack(ground), late]);
    return reached
      ? { escaped: true, reason: String(reached) }
      : { escaped: false, reason: "nothing reached" };
  } catch (error) {
    const reason = told(error);
    const known = error instanceof Deno.errors.NotCapable ||
      REFUSALS.some((refusal) => refusal.test(reason));
    return { escaped: !known, reason };
  } finally {
    clearTimeout(timer);
  }
}

const [group, only] = Deno.args.slice(1);
const { attacks } = await import(`./${group}.mjs`);
const names = only ? [only] : Object.keys(attacks);
const full = (name) => `js-${group}.${name}`;
console.log(JSON.stringify({ names: names.map(full) }));
for (const name of names) {
  const { escaped, reason } = await outcome(attacks[name]);
  const text = reason.replaceAll(/\s+/g, " ").slice(0, 200);
  console.log(JSON.stringify({ case: full(name), escaped, reason: text }));
}
// What an attack left behind must not keep the process.
await wait(0);
Deno.exit(0);
