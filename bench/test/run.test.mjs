// The bench as a whole, against a stand-in for Thorp that answers as its API says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { descendants } from "../lib/processes.mjs";

const RUN = fileURLToPath(new URL("../run.mjs", import.meta.url));
const FAKE_RUNTIME = fileURLToPath(new URL("./fake-runtime-bench.mjs", import.meta.url));
const FAKE_GATEWAY = fileURLToPath(new URL("./fake-gateway-bench.mjs", import.meta.url));
const ENDED_MILLIS_MAX = 10_000;
const TOKEN = "thorp_test";

/** Evaluates for real, so that a wrong expression would be seen; `spoil` changes the answers. */
async function answer(request, spoil) {
  let body = "";
  for await (const text of request) body += text;
  if (request.url === "/healthz") return { ok: true, version: "9.9.9" };
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return undefined;
  if (request.url.startsWith("/v1/runs/")) return { status: "ok" };
  if (request.url === "/v1/vals") return { name: "six", author: { username: "owner" } };
  if (request.url === "/v1/run/owner.six") return spoil([2, 4, 6]);
  return spoil((0, eval)(JSON.parse(body).code));
}

async function withThorp(spoil, use) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "thorp-bench-test-"));
  const server = http.createServer(async (request, response) => {
    const value = await answer(request, spoil);
    response.writeHead(value === undefined ? 401 : 200, { "x-thorp-run": "a-run" });
    response.end(JSON.stringify(value ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const tokenFile = path.join(folder, "token");
  writeFileSync(tokenFile, `${TOKEN}\n`);
  const url = `http://127.0.0.1:${server.address().port}`;
  try {
    return await use(["--thorp-url", url, "--thorp-token-file", tokenFile], folder);
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

async function run(parameters) {
  const child = spawn(process.execPath, [RUN, "--quick", ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stderr };
}

/** The results as JSON and as text. */
async function results(parameters, folder) {
  const [out, json] = [path.join(folder, "out.md"), path.join(folder, "out.json")];
  const { code, stderr } = await run([...parameters, "--out", out, "--json", json]);
  assert.equal(code, 0, stderr);
  return { text: readFileSync(out, "utf8"), ...JSON.parse(readFileSync(json, "utf8")) };
}

test("Thorp's rows, a peer's and the verdicts", () =>
  withThorp((value) => value, async (thorp, folder) => {
    const only = "thorp-eval,thorp-eval-varied,thorp-run,thorp-runtime,node-vm";
    const { rows, leftOut, verdicts, text } = await results(
      [...thorp, "--runtime-bench", FAKE_RUNTIME, "--only", only],
      folder,
    );
    assert.deepEqual(rows.map(({ name, error }) => [name, error]), [
      ["thorp-eval", undefined],
      ["thorp-eval-varied", undefined],
      ["thorp-run", undefined],
      ["thorp-runtime", undefined],
      ["node-vm", undefined],
    ]);
    assert.equal(rows[0].version, "Thorp 9.9.9");
    assert.ok(rows.every(({ fresh, best }) => fresh.count === 20 && best.perSecond > 0));
    assert.deepEqual(leftOut, []);
    assert.notEqual(verdicts[0].verdict, "not measured");
    assert.match(text, /\| \*\*Thorp\*\*, runtime crate alone, in-process in Rust \| \*\*0\.300\*\* \|/);
    assert.match(text, /its own bare `deno run`: 100 \/s, so 0\.90 of it/);
  }));

test("a wrong answer is an error row", () =>
  withThorp((value) => value.slice(1), async (thorp, folder) => {
    const { rows, text } = await results([...thorp, "--only", "thorp-eval,node-vm"], folder);
    assert.equal(rows[0].error, "the answer was `[4,6]`, not `[2,4,6]`");
    assert.match(text, /\| \*\*Thorp\*\*, `POST \/v1\/eval`, recorded \| ERROR \|/);
    assert.equal(rows[1].error, undefined);
  }));

test("what the gateway costs has a table of its own", () =>
  withThorp((value) => value, async (_, folder) => {
    const { gateway, text } = await results(["--gateway-bench", FAKE_GATEWAY, "--only", "node-vm"], folder);
    assert.equal(gateway.figures.over.p50_micros, 100);
    assert.match(text, /\| `fetch` of Deno: a small request, p50, µs \| 50 \| 100 \| 2\.00 \|/);
    assert.match(text, /\| hyper alone: a body of 64 MiB, MiB\/s \| 1000 \| 900 \| 0\.90 \|/);
    assert.match(text, /\*\*met\*\*: `fetch` over the gateway, 16 small requests at once, against direct: 0\.75 x, goal >= 0\.5/);
    const broken = await results(["--gateway-bench", "/nowhere/overhead", "--only", "node-vm"], folder);
    assert.match(broken.text, /## The gateway\n\nERROR: /);
  }));

test("a program that does not exist is an error row", () =>
  withThorp((value) => value, async (_, folder) => {
    const { rows } = await results(["--deno", "/nowhere/deno", "--only", "bare-deno"], folder);
    assert.match(rows[0].error, /`\/nowhere\/deno` does not start/);
  }));

test("an unknown contender is refused with the usage", async () => {
  const { code, stderr } = await run(["--only", "nobody"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: there is no contender `nobody`\n\nusage: /);
});

test("an interrupted bench leaves no process and no folder", async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "thorp-bench-test-"));
  const child = spawn(process.execPath, [RUN, "--only", "node-vm,bare-deno"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let started = [];
  child.stderr.on("data", (text) => {
    if (!String(text).includes("round 1") || started.length > 0) return;
    started = descendants(child.pid);
    child.kill("SIGINT");
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 130);
  assert.ok(started.length >= 2);
  assert.deepEqual(await leftRunning(started), []);
  rmdirSync(folder); // fails when something is left in it
});

/** Those that a signal has not ended after a while: on a busy machine even SIGKILL takes its time. */
async function leftRunning(pids) {
  const end = Date.now() + ENDED_MILLIS_MAX;
  while (pids.some(isRunning) && Date.now() < end) await sleep(20);
  return pids.filter(isRunning);
}

function isRunning(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
