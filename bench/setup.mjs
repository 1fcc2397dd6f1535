// Owns the installation of the peers: `npm ci` without any package's install script, then the one build that is needed.
// Runs by itself (`node bench/setup.mjs`) and from run.mjs when something is missing.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { contenders } from "./contenders/index.mjs";
import { BENCH, packageVersion } from "./lib/packages.mjs";

const ISOLATED_VM = path.join(BENCH, "node_modules", "isolated-vm");
const REASON_LINES = 6;

/** Installs what `packages` need; resolves with the reason for each that can't be used. */
export function setUp(packages, say) {
  const wanted = wantedVersions();
  if (packages.some((name) => !isInstalled(name, wanted[name]))) {
    say("installing the peers (`npm ci`)");
    const reason = install();
    if (reason) return Object.fromEntries(packages.map((name) => [name, reason]));
  }
  if (!packages.includes("isolated-vm") || isolatedVmLoads()) return {};
  say("building `isolated-vm` (a minute or two)");
  const reason = buildIsolatedVm();
  return reason ? { "isolated-vm": reason } : {};
}

function wantedVersions() {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(path.join(BENCH, "package.json"), "utf8"));
  return { ...dependencies, ...optionalDependencies };
}

function isInstalled(name, version) {
  try {
    return packageVersion(name) === version;
  } catch {
    return false;
  }
}

/** The reason why a program failed, from the lines of its output that tell of errors; undefined when it did not. */
function reasonOf(what, program, parameters, cwd = BENCH) {
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { cwd, encoding: "utf8" });
  if (status === 0) return undefined;
  const output = error?.message ?? `${stdout}\n${stderr}`;
  const lines = output.split("\n").filter((line) => /error|missing|not found/i.test(line));
  return `${what} failed: ${lines.slice(0, REASON_LINES).join(" / ") || output.trim()}`;
}

function install() {
  return reasonOf("`npm ci`", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
}

function isolatedVmLoads() {
  const script = "new (require('isolated-vm').Isolate)().dispose()";
  return reasonOf("loading", process.execPath, ["--no-node-snapshot", "-e", script]) === undefined;
}

function buildIsolatedVm() {
  const headers = headersFolder();
  if (!headers) return `no headers of Node ${process.version} beside ${process.execPath}; set \`npm_config_nodedir\``;
  const gyp = nodeGyp();
  if (!gyp) return "`node-gyp` was not found beside `npm`; set `npm_config_node_gyp`";
  const parameters = [gyp, "rebuild", "--release", "-j", "max", `--nodedir=${headers}`];
  const reason = reasonOf("building `isolated-vm` with `node-gyp`", process.execPath, parameters, ISOLATED_VM);
  if (reason) return reason;
  return isolatedVmLoads() ? undefined : "`isolated-vm` was built but does not load";
}

/** The folder whose `include/node` belongs to this very Node: a download of headers is not always possible. */
function headersFolder() {
  const besideNode = path.dirname(path.dirname(realpathSync(process.execPath)));
  const candidates = [process.env.npm_config_nodedir, besideNode].filter(Boolean);
  return candidates.find((folder) => headersVersion(folder) === process.versions.node);
}

function headersVersion(folder) {
  const file = path.join(folder, "include", "node", "node_version.h");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const number = (name) => text.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))?.[1];
  return ["MAJOR", "MINOR", "PATCH"].map(number).join(".");
}

/** npm brings its own copy. */
function nodeGyp() {
  const npm = process.env.PATH.split(path.delimiter).map((folder) => path.join(folder, "npm")).find(existsSync);
  const beside = npm && path.resolve(realpathSync(npm), "../../node_modules/node-gyp/bin/node-gyp.js");
  return [process.env.npm_config_node_gyp, beside].find((file) => file && existsSync(file));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const packages = [...new Set(contenders.flatMap((contender) => contender.package ?? []))];
  const problems = setUp(packages, (text) => console.error(text));
  for (const [name, reason] of Object.entries(problems)) console.error(`error: \`${name}\`: ${reason}`);
  process.exitCode = Object.keys(problems).length === 0 ? 0 : 1;
}
