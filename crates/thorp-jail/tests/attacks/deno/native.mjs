// Native code by Deno's own means: what remains when its permissions are gone.
import { createRequire } from "node:module";

const PASSWD = new TextEncoder().encode("/etc/passwd\0");
const text = (string) => new TextEncoder().encode(`${string}\0`);

const word = "i64";
// With memory as the first argument, as the second, and with none.
const FIRST = {
  syscall: {
    parameters: ["i64", "buffer", word, word, word, word],
    result: "i64",
  },
};
const NUMBERS = {
  syscall: {
    parameters: ["i64", word, word, word, word, word, word],
    result: "i64",
  },
};

const SECOND = {
  syscall: {
    parameters: ["i64", word, "buffer", word, word, word],
    result: "i64",
  },
};
const ZEROS = [0n, 0n, 0n, 0n, 0n, 0n];
const byFirst = ({ libc }) => Deno.dlopen(libc, FIRST).symbols.syscall;
const byNumber = ({ libc }) => {
  const { syscall } = Deno.dlopen(libc, NUMBERS).symbols;
  return (number, ...words) =>
    syscall(number, ...words, ...ZEROS.slice(words.length));
};
const bySecond = ({ libc }) => Deno.dlopen(libc, SECOND).symbols.syscall;

// Numbers of this architecture: [x86_64, aarch64].
const NUMBER = {
  bpf: [321, 280],
  execve: [59, 221],
  getpid: [39, 172],
  io_uring_setup: [425, 425],
  kill: [62, 129],
  memfd_create: [319, 279],
  mmap: [9, 222],
  perf_event_open: [298, 241],
  prctl: [157, 167],
  ptrace: [101, 117],
  setuid: [105, 146],
  socket: [41, 198],
  unshare: [272, 97],
  userfaultfd: [323, 282],
};
const number = (name) =>
  BigInt(NUMBER[name][Deno.build.arch === "x86_64" ? 0 : 1]);

const answer = (result) => result >= 0n ? `the kernel said ${result}` : "";
const called = (name, ...words) => (ground) =>
  answer(byNumber(ground)(number(name), ...words.map(BigInt)));

export const attacks = {
  "call-works": (ground) => {
    // The others show nothing if this does not.
    if (!(byNumber(ground)(number("getpid"), 0n, 0n, 0n, 0n, 0n) > 0n)) {
      return "no call can be made";
    }
  },
  open: (ground) => {
    const { symbols } = Deno.dlopen(ground.libc, {
      open: { parameters: ["buffer", "i32"], result: "i32" },
    });
    return symbols.open(PASSWD, 0) >= 0 && "opened";
  },
  "open-host": (ground) => {
    const { symbols } = Deno.dlopen(ground.libc, {
      open: { parameters: ["buffer", "i32"], result: "i32" },
    });
    return symbols.open(text(`${ground.outside}/secret`), 0) >= 0 && "opened";
  },
  "open-neighbour": (ground) => {
    const { symbols } = Deno.dlopen(ground.libc, {
      open: { parameters: ["buffer", "i32"], result: "i32" },
    });
    return symbols.open(text(`${ground.neighbour}/code`), 0) >= 0 && "opened";
  },
  system: ({ libc }) => {
    const { symbols } = Deno.dlopen(libc, {
      system: { parameters: ["buffer"], result: "i32" },
    });
    const status = symbols.system(text("true"));
    return status === 0 && "a shell ran";
  },
  spawn: ({ libc, program }) => {
    const { symbols } = Deno.dlopen(libc, {
      posix_spawn: {
        parameters: ["buffer", "buffer", "i64", "i64", "buffer", "buffer"],
        result: "i32",
      },
    });
    const words = [program, "--version"].map(text);
    const at = (bytes) =>
      Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
    const list = new BigUint64Array([...words.map(at), 0n]);
    const none = new BigUint64Array(1);
    const pid = new Uint8Array(4);
    const error = symbols.posix_spawn(pid, words[0], 0n, 0n, list, none);
    return error === 0 && "it ran";
  },
  // CLONE_NEWUTS
  unshare: called("unshare", 0x0400_0000),
  setuid: called("setuid", 0),
  ptrace: (ground) => {
    // PTRACE_SEIZE, which stops nobody.
    const pid = BigInt(ground.neighbourPid);
    return answer(byNumber(ground)(number("ptrace"), 0x4206n, pid, 0n, 0n, 0n));
  },
  bpf: (ground) => {
    // A map: an array with one entry of four bytes.
    const map = new Uint8Array(
      new Uint32Array([2, 4, 4, 1, ...Array(28).fill(0)]).buffer,
    );
    return answer(bySecond(ground)(number("bpf"), 0n, map, 128n, 0n, 0n));
  },
  performance: (ground) => {
    // What the kernel counts itself, of this process.
    const event = new Uint8Array(
      new Uint32Array([1, 128, ...Array(30).fill(0)]).buffer,
    );
    return answer(
      byFirst(ground)(number("perf_event_open"), event, 0n, -1n, -1n, 0n),
    );
  },
  ring: (ground) =>
    answer(
      bySecond(ground)(
        number("io_uring_setup"),
        1n,
        new Uint8Array(120),
        0n,
        0n,
        0n,
      ),
    ),
  faults: called("userfaultfd", 1),
  "memory-file": (ground) =>
    answer(byFirst(ground)(number("memfd_create"), text("x"), 0n, 0n, 0n, 0n)),
  "outlive-host": called("prctl", 1, 0),
  "socket-mptcp": called("socket", 2, 1, 262),
  "socket-packets": called("socket", 10, 5, 0),
  "socket-raw": called("socket", 2, 3, 1),
  "socket-netlink": called("socket", 16, 3, 0),
  "socket-packet": called("socket", 17, 3, 768),
  "socket-vsock": called("socket", 40, 1, 0),
  "socket-crypto": called("socket", 38, 5, 0),
  "kill-host": (ground) =>
    answer(
      byNumber(ground)(number("kill"), BigInt(ground.host), 0n, 0n, 0n, 0n),
    ),
  "kill-everybody": called("kill", -1, 0),
  "shared-memory": called("mmap", 0, 1 << 20, 3, 0x21, -1),
  "library-host": ({ outside }) =>
    Deno.dlopen(`${outside}/library.so`, {}) && "loaded",
  "library-made": ({ libc, scratch }) => {
    Deno.copyFileSync(libc, `${scratch}/made.so`);
    return Deno.dlopen(`${scratch}/made.so`, {}) && "loaded";
  },
  "library-own": ({ own }) => Deno.dlopen(`${own}/library.so`, {}) && "loaded",
  "library-shared": ({ deps }) =>
    Deno.dlopen(`${deps}/library.so`, {}) && "loaded",
  "add-on-own": ({ own }) =>
    createRequire("file:///x.mjs")(`${own}/addon.node`) && "loaded",
  "add-on-host": ({ outside }) =>
    createRequire("file:///x.mjs")(`${outside}/addon.node`) && "loaded",
  "process-dlopen": ({ outside }) => {
    process.dlopen({ exports: {} }, `${outside}/addon.node`);
    return "loaded";
  },
  environment: ({ libc }) => {
    // The C library's own list, beneath what Deno shows.
    const { symbols } = Deno.dlopen(libc, { environ: { type: "pointer" } });
    const given = ["DENO_DIR", "HOME", "NO_COLOR", "THORP_GIVEN"];
    const pointer = new Deno.UnsafePointerView(symbols.environ).getPointer();
    const list = new Deno.UnsafePointerView(pointer);
    const found = [];
    for (let at = 0; found.length < 256; at += 8) {
      const entry = list.getPointer(at);
      if (!entry) break;
      const [name] = Deno.UnsafePointerView.getCString(entry).split("=");
      if (!given.includes(name)) found.push(name);
    }
    return found.join(" ");
  },
  "core-ops": () => {
    // What is beneath Deno's interface asks the same kernel, if it can be had at all.
    const { ops } = Deno[Deno.internal].core;
    const names = Object.keys(ops).filter((name) =>
      /fs_(open|read_file)/.test(name)
    );
    for (const name of names) {
      const found = ops[name]("/etc/passwd");
      if (String(found).includes("root:")) return name;
    }
  },
  // Last, because it returns only if it fails.
  execve: (ground) => {
    const result = byFirst(ground)(
      number("execve"),
      text("/bin/true"),
      0n,
      0n,
      0n,
      0n,
    );
    return result >= 0n && "it ran";
  },
};
