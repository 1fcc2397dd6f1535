// A few attacks on the jail, tried one after the other in a sandbox's jail with all of Deno's permissions: only the kernel
// is in the way. Prints a line of JSON for each. An attack says what it reached; if it throws, or says nothing, it was
// contained. They ask, touch and open, but break nothing: without a jail most of them succeed.
import fs from "node:fs";
import net from "node:net";

const WAIT_MILLIS = 1_000;
const ground = JSON.parse(Deno.args[0]);
const arm = Deno.build.arch === "aarch64";

const text = (string) => new TextEncoder().encode(`${string}\0`);
const at = (bytes) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));

// The numbers of system calls: of x86-64 and of aarch64.
const calls = {
  bpf: [321, 280],
  getpgid: [121, 155],
  getpid: [39, 172],
  io_uring_setup: [425, 425],
  prlimit64: [302, 261],
  ptrace: [101, 117],
  setuid: [105, 146],
  socket: [41, 198],
  unshare: [272, 97],
};

// A system call, by the C library that Deno has loaded itself.
function call([x86, aarch], ...words) {
  const { symbols } = Deno.dlopen("libc.so.6", {
    syscall: {
      parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
      result: "i64",
    },
  });
  const all = [arm ? aarch : x86, ...words, 0, 0, 0, 0, 0, 0].slice(0, 7);
  return symbols.syscall(...all.map(BigInt));
}

const done = (result) => result >= 0n && `the kernel said ${result}`;

const signalled = (pid) => process.kill(pid, 0) && "it may be signalled";

const connected = (where) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(where);
    socket.on("error", reject);
    socket.on("connect", () => {
      socket.destroy();
      resolve("connected");
    });
  });

// Otherwise the attacks by native code would show nothing.
if (call(calls.getpid) <= 0n) throw new Error("no system call can be made");

const attacks = {
  "host-file": () => Deno.readTextFileSync(`${ground.outside}/secret`),
  "etc-passwd": () => Deno.readTextFileSync("/etc/passwd").slice(0, 20),
  "other-sandbox": () => Deno.readTextFileSync(`${ground.neighbour}/secret`),
  "write-file": () => {
    Deno.writeTextFileSync(`${ground.outside}/open/written`, "x");
    return "written";
  },
  "write-own": () => {
    Deno.openSync(import.meta.filename, { write: true }).close();
    return "open for writing";
  },
  "file-size": () => `${Deno.statSync(`${ground.outside}/secret`).size} bytes`,
  program: () =>
    `it ran: ${
      new Deno.Command("/bin/sh", { args: ["-c", ":"] }).outputSync().code
    }`,
  "native-program": () => {
    const { symbols } = Deno.dlopen("libc.so.6", {
      posix_spawn: {
        parameters: ["buffer", "buffer", "i64", "i64", "buffer", "buffer"],
        result: "i32",
      },
    });
    const words = [Deno.execPath(), "--version"].map(text);
    const list = new BigUint64Array([...words.map(at), 0n]);
    const none = new BigUint64Array(1);
    const pid = new Uint8Array(4);
    return symbols.posix_spawn(pid, words[0], 0n, 0n, list, none) === 0 &&
      "it ran";
  },
  signal: () => signalled(ground.host),
  "signal-all": () => signalled(-1),
  // SEIZE, which stops nobody.
  debug: () => done(call(calls.ptrace, 0x4206, ground.host)),
  // The kernel says of a number that is in use more than that it is not.
  processes: () => done(call(calls.getpgid, ground.host)),
  environment: () => {
    const seen = Object.keys(Deno.env.toObject());
    return seen.filter((name) => ground.variables.includes(name)).join(" ");
  },
  "host-name": () => Deno.hostname() === ground.hostName && ground.hostName,
  root: () => (Deno.uid() === 0 || call(calls.setuid, 0) === 0n) && "it is root",
  // Of host names, which is the least of them.
  namespace: () => done(call(calls.unshare, 0x0400_0000)),
  "kernel-program": () => {
    // A map with one entry of four bytes.
    const map = new Uint32Array([2, 4, 4, 1, ...Array(28).fill(0)]);
    return done(call(calls.bpf, 0, at(map), 128));
  },
  "kernel-ring": () => done(call(calls.io_uring_setup, 1, at(new Uint8Array(120)))),
  "own-limits": () => {
    // The open files as they are: it is the right to that counts.
    const limit = new BigUint64Array(2);
    call(calls.prlimit64, 0, 7, 0, at(limit));
    return done(call(calls.prlimit64, 0, 7, at(limit)));
  },
  tcp: () => connected({ host: "127.0.0.1", port: ground.port }),
  listen: () => {
    Deno.listen({ port: 0, hostname: "127.0.0.1" }).close();
    return "it listens";
  },
  "raw-packets": () => done(call(calls.socket, 2, 3, 1)),
  "open-socket": () => connected({ path: `${ground.outside}/socket` }),
  descriptors: () => {
    // Standard input and output, and what Deno has opened itself, are no folders and devices but those of its own.
    const strange = [];
    for (let number = 3; number < 256; number++) {
      try {
        const stat = fs.fstatSync(number);
        if (stat.isDirectory() || stat.isBlockDevice()) strange.push(number);
      } catch {
        // It is closed.
      }
    }
    return strange.join(" ");
  },
  // Last, because it may be the end.
  memory: () => {
    const kept = [];
    for (let mebibytes = 0; mebibytes < 1024; mebibytes += 64) {
      kept.push(new Uint8Array(64 << 20).fill(1));
    }
    return `${kept.length * 64} MiB`;
  },
};

async function outcome(attack) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), WAIT_MILLIS);
  });
  try {
    const reached = await Promise.race([attack(), late]);
    return reached
      ? { escaped: true, reason: String(reached) }
      : { escaped: false, reason: "nothing reached" };
  } catch (error) {
    return { escaped: false, reason: String(error?.message ?? error) };
  } finally {
    clearTimeout(timer);
  }
}

for (const [name, attack] of Object.entries(attacks)) {
  const { escaped, reason } = await outcome(attack);
  const short = reason.replaceAll(/\s+/g, " ").slice(0, 120);
  console.log(JSON.stringify({ name, escaped, reason: short }));
}
Deno.exit(0);
