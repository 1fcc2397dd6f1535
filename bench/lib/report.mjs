// Owns the text of RESULTS.md. Computes nothing but ratios of figures that it is given.
import { gatewayRows } from "./gateway.mjs";
import { PACE_MILLIS, RAMP_SHARE, WARM_UP_EVALUATIONS } from "./limits.mjs";

const BYTES_PER_MIB = 1024 * 1024;
const NONE = "-";
const THORP_ROWS = ["thorp-eval", "thorp-eval-varied", "thorp-run", "thorp-runtime", "thorp-runtime-no-jail"];

const millis = (micros) => micros === undefined ? NONE : (micros / 1000).toFixed(micros < 10_000 ? 3 : 1);
const perSecond = (rate) => rate.toFixed(rate < 10 ? 1 : 0);
const ratio = (above, below) => above && below ? (above / below).toFixed(2) : NONE;
const oneLine = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

function memory({ memoryStartBytes, memoryEndBytes }) {
  if (!memoryStartBytes || !memoryEndBytes) return NONE;
  return [memoryStartBytes, memoryEndBytes].map((bytes) => Math.round(bytes / BYTES_PER_MIB)).join(" → ");
}

function best({ best: found, sustained }) {
  if (found) return `${perSecond(found.perSecond)} (${found.parallelism})`;
  return sustained.length > 0 ? "ERROR" : NONE;
}

function figures(row) {
  if (row.error !== undefined) return [row.title, "ERROR", NONE, NONE, NONE, NONE];
  const { fresh } = row;
  return [
    row.title,
    `**${millis(fresh.p50Micros)}**`,
    millis(fresh.p99Micros),
    millis(row.backToBackP50Micros),
    best(row),
    memory(row),
  ];
}

function figuresTable(rows) {
  const head = ["", "fresh p50, ms", "p99, ms", "back to back p50, ms", "sustained, /s (parallelism)", "memory, MiB"];
  return table(head, rows.map(figures));
}

function ratiosTable(rows) {
  const thorps = rows.filter((row) => THORP_ROWS.includes(row.name) && row.error === undefined);
  const peers = rows.filter((row) => !row.name.startsWith("thorp-") && row.error === undefined);
  if (thorps.length === 0 || peers.length === 0) return undefined;
  const against = (thorp) => (peer) => [
    ratio(thorp.fresh.p50Micros, peer.fresh.p50Micros),
    ratio(thorp.best?.perSecond, peer.best?.perSecond),
  ].join(" · ");
  return table(
    ["p50 · sustained, as a multiple of", ...thorps.map(({ name }) => `\`${name}\``)],
    peers.map((peer) => [peer.title, ...thorps.map((thorp) => against(thorp)(peer))]),
  );
}

function verdictLines(verdicts) {
  return verdicts.map(({ title, verdict, detail }) => {
    const mark = verdict === "met" ? "**met**" : verdict === "not met" ? "**NOT met**" : "not measured";
    return `* ${mark}: ${title}${detail ? `: ${detail}` : ""}`;
  }).join("\n");
}

function sustainedDetail({ sustained = [] }) {
  return sustained.map(({ parallelism, perSecond: rate, error }) =>
    `${parallelism}: ${error === undefined ? perSecond(rate) : `ERROR ${oneLine(error)}`}`).join(", ");
}

function roundsDetail({ fresh }) {
  return fresh ? fresh.roundP50Micros.map(millis).join(" ") : NONE;
}

function contendersTable(rows) {
  return table(
    ["", "version", "isolation", "p50 of each round, ms", "sustained by parallelism, /s"],
    rows.map((row) => [
      row.title,
      row.version ?? NONE,
      row.isolation,
      roundsDetail(row),
      sustainedDetail(row) || NONE,
    ]),
  );
}

function remarks(rows, leftOut) {
  const lines = [
    ...rows.filter(({ error }) => error !== undefined).map(({ name, error }) => `* ERROR \`${name}\`: ${oneLine(error)}`),
    ...rows.filter(({ note }) => note).map(({ name, note }) => `* \`${name}\`: ${note}`),
    ...leftOut.map(({ name, reason }) => `* left out: \`${name}\`: ${reason}`),
  ];
  return lines.length > 0 ? lines.join("\n") : undefined;
}

function machineLine(machine) {
  return `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}; ` +
    `Node ${machine.node}; commit \`${machine.commit}\`; load before the start ${machine.loadBefore.toFixed(2)}.`;
}

function method(plan) {
  return `Everybody evaluates \`[1,2,3].map(x => x*2)\` in a sandbox that is new each time (\`thorp-run\`, a warm worker, is the
exception), and every answer is checked to be \`[2,4,6]\` after the clock has stopped. The limit, a bare \`deno run\`, runs
an empty script and answers nothing.

* **Fresh**: ${plan.rounds} rounds of ${plan.evaluations} evaluations, one at a time, with ${PACE_MILLIS} ms of rest after each, for pools and for
  those without one alike; ${WARM_UP_EVALUATIONS} unmeasured ones before. A round visits all contenders in turn, so drift of the
  machine hits all. The ratio of two p50 is over all rounds; its range is of the ratios within single rounds.
* **Back to back**: the p50 with no rest between two evaluations, from the sustained run with parallelism 1.
* **Sustained**: evaluations finished in ${plan.sustainedSeconds} s after a ramp of ${plan.sustainedSeconds * RAMP_SHARE} s, mean of ${plan.sustainedPasses} passes over all contenders; the
  best of the parallelisms tried. A contender that blocks its thread gets a process for each; all others get requests
  at once. \`bare-deno\` is driven by \`xargs\`.
* **The two of a goal in turns**: at the best parallelism of each, A B A B, ${plan.turns} times; the ratio is the median of the
  turns' ratios. The runtime crate starts bare Deno itself, after each of its rounds.
* **Memory**: the process tree (of one lane) after the warm-up → after the sustained run: what is private to each process, and
  what processes of one program share once. For all but Thorp it includes the bench's own Node process.
* Each contender lives in a process of its own with its own Node client, on the same machine. Thorp over HTTP, \`workerd\`,
  \`deno-http-worker\` and the Deno worker are timed from the client's call to the checked answer, so the hop is included;
  those "in-process" have no hop.`;
}

function gatewayText({ figures, error }) {
  if (error !== undefined) return `ERROR: ${oneLine(error)}`;
  return table(["requests to a server on this machine", "directly", "over the gateway", "ratio"], gatewayRows(figures));
}

/** The whole report. */
export function report({ date, machine, plan, quick, rows, verdicts, gateway, leftOut }) {
  const parts = [
    "# Thorp beside its peers",
    "Generated by `bench/run.mjs`; see [README.md](README.md). Absolute figures are this machine's; read the ratios.",
    quick && "**A quick run: enough to see that everything works, too little to judge by.**",
    `${date}. ${machineLine(machine)}`,
    figuresTable(rows),
    remarks(rows, leftOut),
    "## Goals",
    verdictLines(verdicts),
    ratiosTable(rows) && "## Ratios",
    ratiosTable(rows),
    gateway && "## The gateway",
    gateway && gatewayText(gateway),
    "## How it was measured",
    method(plan),
    "## Contenders",
    contendersTable(rows),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}
