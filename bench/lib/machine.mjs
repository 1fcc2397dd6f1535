// Owns what is said of the machine and the sources in the report.
import { spawnSync } from "node:child_process";
import os from "node:os";
import { REPOSITORY } from "./packages.mjs";

const BYTES_PER_GIB = 1024 ** 3;

function git(...parameters) {
  const { stdout, status } = spawnSync("git", ["-C", REPOSITORY, ...parameters], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The commit, marked when sources outside the report differ from it. */
function commit() {
  const hash = git("rev-parse", "--short=12", "HEAD");
  if (!hash) return "unknown";
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":!bench/RESULTS.md");
  return changed ? `${hash} and changes` : hash;
}

export function describeMachine() {
  const processors = os.cpus();
  return {
    processor: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(os.totalmem() / BYTES_PER_GIB),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    commit: commit(),
    loadBefore: os.loadavg()[0],
  };
}
