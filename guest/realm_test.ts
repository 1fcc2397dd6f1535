/**
 * The wall between users in one realm: the reachability audit, the attack suite, and what the owner of the realm notices.
 * Each runs in a process of its own, started with the flags of a sandbox.
 */

const FOLDER = new URL(".", import.meta.url).pathname;
const FLAGS = ["run", "--quiet", "--no-config", "--no-lock", "--no-prompt", "--cached-only", "--no-code-cache"];
const ALLOWED = ["--node-modules-dir=manual", "--allow-env", "--allow-net", `--allow-read=${FOLDER}`];

/** What a script says about the wall, as JSON. */
async function said<Said>(script: string, ...args: string[]): Promise<Said> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...FLAGS, ...ALLOWED, `${FOLDER}attack/${script}`, ...args],
    env: { NO_COLOR: "1" },
  });
  const { stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`it said ${text}\n${new TextDecoder().decode(stderr)}`);
  }
}

function same(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(expected, null, 1)];
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

interface Audited {
  readonly open: string[];
  readonly objects: number;
  readonly calls: number;
}

Deno.test("nothing that two foreign vals share can be changed, and nothing leads to the realm", async () => {
  const { open, objects, calls } = await said<Audited>("run_audit.ts");
  same(open, []);
  if (objects < 5_000 || calls < 100_000) throw new Error(`it walked ${objects} objects with ${calls} calls`);
});

for (
  const [hole, expected] of [
    ["unfrozen", "shared and not frozen: globalThis.Headers.prototype"],
    ["given", "canary is reached by (given)"],
    ["target", "global is reached by"],
    ["strategies", "global is reached by"],
  ] as const
) {
  Deno.test(`the audit finds a hole: ${hole}`, async () => {
    const { open } = await said<Audited>("run_audit.ts", hole);
    if (!open.some((text) => text.startsWith(expected))) throw new Error(`found ${open.join("\n")}`);
  });
}

interface Attacked {
  readonly count: number;
  readonly got: string[];
}

Deno.test("no attack of a foreign val gets anything", async () => {
  const { count, got } = await said<Attacked>("run_attacks.ts", "compartment");
  same(got, []);
  if (count < 80) throw new Error(`${count} attacks`);
});

Deno.test("the attacks get what there is where there is no wall", async () => {
  const { got } = await said<Attacked>("run_attacks.ts", "bare");
  if (got.length < 60) throw new Error(`${got.length} of them: ${got.join(", ")}`);
});

Deno.test("the owner of the realm notices no more of it than this", async () => {
  const [plain, hardened] = await Promise.all([
    said<Record<string, string>>("run_owner.ts", "plain"),
    said<Record<string, string>>("run_owner.ts", "hardened"),
  ]);
  const changed = Object.keys(plain).filter((name) => plain[name] !== hardened[name]);
  same(changed, ["the stack of an error"]);
  same(hardened["the stack of an error"], "");
});
