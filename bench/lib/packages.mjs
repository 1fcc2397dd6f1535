// Owns where the bench's own packages and programs are found. Installs nothing: that is setup.mjs.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const BENCH = fileURLToPath(new URL("..", import.meta.url));
export const REPOSITORY = path.dirname(path.resolve(BENCH));

/** The installed version of a package of the bench. */
export function packageVersion(name) {
  const file = path.join(BENCH, "node_modules", name, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** A binary that ships in one of the packages `prefix…` of the scope, one of which is installed for this machine. */
function shippedBinary(modules, scope, prefix, inside) {
  const folder = path.join(modules, scope);
  if (!existsSync(folder)) return undefined;
  const candidates = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => path.join(folder, name, inside));
  return candidates.find((file) => existsSync(file));
}

/** The project's own Deno, else the one on PATH. */
export function findDeno() {
  return shippedBinary(path.join(REPOSITORY, "node_modules"), "@deno", "", "deno") ?? "deno";
}

export function findWorkerd() {
  const file = shippedBinary(path.join(BENCH, "node_modules"), "@cloudflare", "workerd-", "bin/workerd");
  if (!file) throw new Error("no `workerd` binary for this machine in the installed packages");
  return file;
}

/** The first line that a program prints when asked for its version. */
export function programVersion(program, ...options) {
  const { stdout, error } = spawnSync(program, [...options, "--version"], { encoding: "utf8" });
  if (error) throw new Error(`\`${program}\` does not start: ${error.message}`);
  return stdout.split("\n")[0].trim();
}
