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

/**
 * The package that ships workerd's binary for this machine. Not `workerd` itself, which names the packages of all
 * operating systems and can't be locked where a registry has only some of them.
 */
export const WORKERD_PACKAGE = `@cloudflare/workerd-linux-${process.arch === "arm64" ? "arm64" : "64"}`;

export const WORKERD = path.join(BENCH, "node_modules", WORKERD_PACKAGE, "bin", "workerd");

/** The project's own Deno, which ships in a package for this machine; else the one on PATH. */
export function findDeno() {
  const scope = path.join(REPOSITORY, "node_modules", "@deno");
  const packages = existsSync(scope) ? readdirSync(scope) : [];
  return packages.map((name) => path.join(scope, name, "deno")).find(existsSync) ?? "deno";
}

/** The first line that a program prints when asked for its version. */
export function programVersion(program, ...options) {
  const { stdout, error } = spawnSync(program, [...options, "--version"], { encoding: "utf8" });
  if (error) throw new Error(`\`${program}\` does not start: ${error.message}`);
  return stdout.split("\n")[0].trim();
}
