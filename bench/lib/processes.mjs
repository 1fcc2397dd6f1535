// Owns what is known of other processes through /proc: who descends from whom, their memory, their end.
// Never touches a process that this program did not start.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const BYTES_PER_KIB = 1024;

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the process has ended, or there is no /proc
  }
}

/** The parent of a process; the command name before it may hold spaces and parentheses. */
function parentOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat && Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function childrenByParent() {
  const children = new Map();
  let names = [];
  try {
    names = readdirSync("/proc");
  } catch {
    return children;
  }
  for (const pid of names.filter((name) => /^\d+$/.test(name)).map(Number)) {
    const parent = parentOf(pid);
    if (parent) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

/** The processes that descend from `root`, parents before their children, without `root`. */
export function descendants(root) {
  const children = childrenByParent();
  const found = [];
  const visit = (pid) => {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(root);
  return found;
}

/** The private and the shared bytes of a process, and whose program it runs: processes share pages by program. */
function memoryOf(pid) {
  const rollup = read(`/proc/${pid}/smaps_rollup`) ?? "";
  const sum = (name) =>
    [...rollup.matchAll(new RegExp(`^${name}_(?:Clean|Dirty):\\s+(\\d+) kB`, "gm"))]
      .reduce((total, [, kib]) => total + Number(kib) * BYTES_PER_KIB, 0);
  return { program: programOf(pid), own: sum("Private"), shared: sum("Shared") };
}

function programOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/**
 * Memory of a process and all below it: what is private to each, and what the processes of one program share once.
 * Neither RSS, which counts a hundred sandboxes' shared pages a hundred times, nor PSS, which would give a part of
 * them to the other contenders. Undefined where it can't be read.
 */
export function treeMemoryBytes(root) {
  const shared = new Map();
  let own = 0;
  for (const memory of [root, ...descendants(root)].map(memoryOf)) {
    own += memory.own;
    shared.set(memory.program, Math.max(memory.shared, shared.get(memory.program) ?? 0));
  }
  return own + [...shared.values()].reduce((sum, bytes) => sum + bytes, 0) || undefined;
}

/** Kills all that descends from `root`, parents first so that none of them starts another child meanwhile. */
export function killDescendants(root) {
  for (let left = descendants(root); left.length > 0; left = descendants(root)) {
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // already gone
      }
    }
    if (left.every((pid) => isEnded(pid))) return;
  }
}

/** A killed child stays a zombie until its parent reaps it. */
function isEnded(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined || stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
