// Starting programs, touching other processes, and learning about the host.
import child from "node:child_process";
import cluster from "node:cluster";
import os from "node:os";

const output = (promise) =>
  new Promise((resolve, reject) => {
    promise.on("error", reject);
    promise.on("exit", (code) =>
      code === null ? reject(new Error("EPERM")) : resolve(`it ran: ${code}`));
  });

const printed = (output) => String(output).includes("ran") && "it ran";

const ran = ({ error, stdout }) => {
  if (error) throw error;
  return printed(stdout);
};

export const attacks = {
  command: () =>
    new Deno.Command("/bin/sh", { args: ["-c", "id"] }).output().then((
      { code },
    ) => `it ran: ${code}`),
  "command-sync": () =>
    `it ran: ${
      new Deno.Command("/bin/sh", { args: ["-c", "id"] }).outputSync().code
    }`,
  "command-spawn": async () =>
    `it ran: ${(await new Deno.Command("/bin/true").spawn().status).code}`,
  "command-itself": ({ program }) =>
    new Deno.Command(program, { args: ["--version"] }).output().then((
      { code },
    ) => `it ran: ${code}`),
  "command-linker": ({ linker }) =>
    new Deno.Command(linker, { args: ["/bin/true"] }).output().then((
      { code },
    ) => `it ran: ${code}`),
  "command-path": () =>
    new Deno.Command("sh", { env: { PATH: "/bin:/usr/bin" } }).output().then((
      { code },
    ) => `it ran: ${code}`),
  "command-preload": ({ program, outside }) =>
    new Deno.Command(program, { env: { LD_PRELOAD: `${outside}/library.so` } })
      .output().then(({ code }) => `it ran: ${code}`),
  "command-as-root": () =>
    new Deno.Command("/bin/true", { uid: 0, gid: 0 }).output().then((
      { code },
    ) => `it ran: ${code}`),
  exec: () => output(child.exec("id")),
  "exec-shell": ({ program }) => output(child.exec("id", { shell: program })),
  execFile: () => output(child.execFile("/bin/true")),
  spawn: () => output(child.spawn("/bin/true")),
  "spawn-shell": () => output(child.spawn("true; id", { shell: true })),
  "spawn-detached": () =>
    output(child.spawn("/bin/true", { detached: true, stdio: "ignore" })),
  "spawn-descriptors": ({ program }) =>
    output(child.spawn(program, ["--version"], { stdio: [0, 1, 2, 3, 4, 5] })),
  fork: ({ own }) => output(child.fork(`${own}/main.mjs`)),
  execSync: () => printed(child.execSync("echo ran")),
  execFileSync: () => printed(child.execFileSync("/bin/echo", ["ran"])),
  spawnSync: () => ran(child.spawnSync("/bin/echo", ["ran"])),
  "spawnSync-shell": () =>
    ran(child.spawnSync("$(echo echo) `echo ran`", { shell: true })),
  cluster: ({ own }) => {
    cluster.setupPrimary({ exec: `${own}/main.mjs` });
    return output(cluster.fork());
  },
  "node-worker": async () => {
    const { Worker } = await import("node:worker_threads");
    const code = `const { parentPort } = require("node:worker_threads");
      try {
        const output = require("node:child_process").execSync("echo ran");
        parentPort.postMessage({ output: String(output) });
      } catch ({ message }) {
        parentPort.postMessage({ message });
      }`;
    const worker = new Worker(code, { eval: true });
    const { output, message } = await new Promise((resolve, reject) =>
      worker.once("message", resolve).once("error", reject)
    );
    await worker.terminate();
    if (message) throw new Error(message);
    return printed(output);
  },
  "kill-host": ({ host }) => process.kill(host, 0) && "signalled",
  "kill-parent": () =>
    process.ppid > 0 && process.kill(process.ppid, 0) && "signalled",
  "kill-neighbour": ({ neighbourPid }) =>
    process.kill(neighbourPid, 0) && "signalled",
  "kill-everybody": () => process.kill(-1, 0) && "signalled",
  "kill-each": () => {
    for (let pid = 2; pid <= 100; pid++) {
      try {
        if (pid !== process.pid && process.kill(pid, 0)) {
          return `signalled ${pid}`;
        }
      } catch (error) {
        if (pid === 100) throw error;
      }
    }
  },
  "deno-kill": ({ host }) => {
    Deno.kill(host, "SIGCONT");
    return "signalled";
  },
  setuid: () => {
    process.setuid(0);
    return "root";
  },
  setgid: () => {
    process.setgid(0);
    return "root's group";
  },
  seteuid: () => {
    process.seteuid(0);
    return "root";
  },
  uid: () => (Deno.uid() === 0 || Deno.gid() === 0) && "it is root",
  priority: () => {
    os.setPriority(0, -20);
    return os.getPriority(0) === -20 && "raised";
  },
  "priority-host": ({ host }) => {
    // To what it is.
    os.setPriority(host, os.getPriority(host));
    return "set";
  },
  "host-name": ({ hostName }) =>
    [os.hostname(), Deno.hostname()].includes(hostName) && hostName,
  user: () => {
    const { username, homedir } = os.userInfo();
    return (username === "root" || homedir === "/root") && username;
  },
  interfaces: () => {
    const found = Object.keys(os.networkInterfaces()).filter((name) =>
      name !== "lo"
    );
    return found.join(" ");
  },
  "deno-interfaces": () =>
    Deno.networkInterfaces().filter(({ name }) => name !== "lo").length,
  environment: () => {
    const given = ["DENO_DIR", "HOME", "NO_COLOR", "THORP_GIVEN"];
    return Object.keys(Deno.env.toObject()).filter((name) =>
      !given.includes(name)
    ).join(" ");
  },
  "node-environment": () => {
    const given = ["DENO_DIR", "HOME", "NO_COLOR", "THORP_GIVEN"];
    return Object.keys(process.env).filter((name) => !given.includes(name))
      .join(" ");
  },
  report: ({ hostName, outside }) => {
    const report = process.report?.getReport?.();
    if (JSON.stringify(report ?? {}).includes(`"${hostName}"`)) return hostName;
    return process.report?.writeReport?.(`${outside}/open/report`);
  },
};
