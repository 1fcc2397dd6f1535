// Spellings of paths that passed Deno's checks in the past, or look as if they could: normalisation, links in /proc,
// letter case, encodings, zero bytes. The facts are those of Deno's published advisories.
import fs from "node:fs";
import path from "node:path";

const secret = (text) =>
  /root:|THORP_|the host's secret|\[stack\]/.test(text)
    ? text.slice(0, 40)
    : "";

const read = (spelling) => () => Deno.readTextFile(spelling).then(secret);
const readByNode = (spelling) => () =>
  secret(fs.readFileSync(spelling, "utf8"));

const up = "../".repeat(24);

export const attacks = {
  "two-slashes": read("//etc/passwd"),
  dots: read("/etc/../etc/./passwd"),
  "dots-above": read(`/${up}etc/passwd`),
  relative: read(`${up}etc/passwd`),
  "relative-by-node": readByNode(path.join(up, "etc", "passwd")),
  "own-dots": ({ own }) =>
    Deno.readTextFile(`${own}/src/../${up}etc/passwd`).then(secret),
  backslashes: read("\\etc\\passwd"),
  case: read("/ETC/passwd"),
  "trailing-slash": read("/etc/passwd/"),
  zero: async () => {
    try {
      return secret(await Deno.readTextFile("/etc/passwd\0.txt"));
    } catch (error) {
      // Deno itself takes no zeros.
      if (!/nul byte|null byte|InvalidData|invalid/i.test(`${error}`)) {
        throw error;
      }
    }
  },
  url: read(new URL("file:///etc/passwd")),
  "url-encoded": read(new URL("file:///%65tc/passwd")),
  "url-encoded-slash": async () => {
    try {
      return secret(await Deno.readTextFile(new URL("file:///etc%2fpasswd")));
    } catch (error) {
      if (!/must not|encoded|invalid/i.test(`${error}`)) throw error;
    }
  },
  "url-host": async () =>
    secret(await (await fetch("file://localhost/etc/passwd")).text()),
  "url-dots": async () =>
    secret(await (await fetch(`file:///x/${up}etc/passwd`)).text()),
  "proc-self-environ": read("/proc/self/environ"),
  "proc-self-maps": read("/proc/self/maps"),
  "proc-self-mem": async () => {
    using file = await Deno.open("/proc/self/mem", { read: true, write: true });
    return file && "open for writing";
  },
  "proc-self-root": read("/proc/self/root/etc/passwd"),
  "proc-self-cwd": read(`/proc/self/cwd/${up}etc/passwd`),
  "proc-thread-self": read("/proc/thread-self/environ"),
  "proc-task": read(`/proc/self/task/${Deno.pid}/environ`),
  "proc-one-environ": async () =>
    `read ${(await Deno.readTextFile("/proc/1/environ")).length}`,
  "proc-one-root": read("/proc/1/root/etc/passwd"),
  "proc-host-environ": ({ host }) =>
    Deno.readTextFile(`/proc/${host}/environ`).then((text) =>
      `read ${text.length}`
    ),
  "proc-host-root": ({ host, outside }) =>
    Deno.readTextFile(`/proc/${host}/root${outside}/secret`).then(secret),
  "proc-host-cwd": ({ host }) =>
    Deno.readTextFile(`/proc/${host}/cwd/Cargo.toml`).then((text) =>
      `read ${text.length}`
    ),
  "proc-host-fd": ({ host }) => fs.readdirSync(`/proc/${host}/fd`).length,
  "proc-exe-write": async () => {
    using file = await Deno.open("/proc/self/exe", { write: true });
    return file && "open for writing";
  },
  "proc-link": async ({ scratch }) => {
    await Deno.symlink("/proc/self/environ", `${scratch}/environ`);
    return secret(await Deno.readTextFile(`${scratch}/environ`));
  },
  "proc-link-node": ({ scratch }) => {
    fs.symlinkSync("/proc/self", `${scratch}/self`);
    return secret(fs.readFileSync(`${scratch}/self/environ`, "utf8"));
  },
  "proc-sys": () => Deno.readTextFile("/proc/sys/kernel/hostname"),
  "proc-net": async () =>
    `read ${(await Deno.readTextFile("/proc/net/tcp")).length}`,
  "dev-fd": async () => `read ${(await Deno.readTextFile("/dev/fd/0")).length}`,
  "dev-stdin": async () =>
    `read ${(await Deno.readTextFile("/dev/stdin")).length}`,
  "dev-mem": read("/dev/mem"),
  "dev-tty": async () => {
    using file = await Deno.open("/dev/tty", { read: true, write: true });
    return file && "a terminal";
  },
  "sys-notes": async () =>
    `read ${(await Deno.readFile("/sys/kernel/notes")).length}`,
  "swapped-while-read": async ({ own, outside, scratch }) => {
    // A link that changes between the check and the use.
    const link = `${scratch}/swapped`;
    for (let round = 0; round < 50; round++) {
      fs.symlinkSync(round % 2 ? `${outside}/secret` : `${own}/code`, link);
      const [found] = await Promise.allSettled([
        Deno.readTextFile(link),
        fs.promises.unlink(link),
      ]);
      if (found.status === "fulfilled" && secret(found.value)) {
        return secret(found.value);
      }
    }
  },
};
