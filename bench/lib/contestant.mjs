// Owns the parent's side of a contender: its host processes, what they answered, and their end.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { COMMAND_SLACK_MILLIS, START_MILLIS_MAX, STOP_MILLIS_MAX } from "./limits.mjs";
import { killDescendants, treeMemoryBytes } from "./processes.mjs";

const HOST = fileURLToPath(new URL("./host.mjs", import.meta.url));
const STDERR_CHARS_MAX = 4_000;

/** One host process. Rejects what is under way when the process ends or a command takes too long. */
class Host {
  #child;
  #waiting = new Map();
  #next = 0;
  #stderr = "";

  constructor(contender, settings) {
    this.#child = fork(HOST, [contender.name], {
      execArgv: contender.nodeFlags ?? [],
      env: { ...process.env, ...settings.environment },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr.on("data", (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS_MAX);
    });
    this.#child.on("message", ({ id, result, error }) => this.#settle(id, result, error));
    this.#child.on("exit", (code, signal) => this.#lose(code ?? signal));
    this.#child.on("error", (error) => this.#lose(error.message));
  }

  get pid() {
    return this.#child.pid;
  }

  call(command, parameters, millisMax) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#settle(id, undefined, `\`${command}\` took more than ${millisMax} ms`);
        this.kill();
      };
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, millisMax) });
      if (this.#child.connected) this.#child.send({ id, command, parameters });
      else this.#settle(id, undefined, "its process has ended");
    });
  }

  async stop() {
    if (this.#child.connected) await this.call("stop", {}, STOP_MILLIS_MAX).catch(() => {});
    this.kill();
  }

  kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    killDescendants(this.pid);
    this.#child.kill("SIGKILL");
  }

  #settle(id, result, error) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(error));
  }

  #lose(how) {
    const words = this.#stderr.trim();
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, undefined, `its process ended (${how})${words && `: ${words}`}`);
    }
  }
}

/** A contender that takes part. Its first error is kept, and it sits out from then on. */
export class Contestant {
  #settings;
  #hosts = [];
  rounds = [];
  sustained = [];
  /** Rates by turns with another contender: its name → `{ above, below }` a turn, each per second. */
  turns = {};

  constructor(contender, settings) {
    this.contender = contender;
    this.#settings = settings;
  }

  /** Runs a step unless an earlier one failed. */
  async attempt(step) {
    if (this.error !== undefined) return;
    try {
      await step(this);
    } catch (error) {
      this.error = error.message;
      this.kill();
    }
  }

  async start() {
    const { version } = await this.#addHost();
    this.version = version;
  }

  async warmUp(count) {
    if (!this.contender.sample) await this.#sample(count, 0);
    this.memoryStartBytes = this.#memory();
  }

  async round(count, paceMillis) {
    this.rounds.push(await this.#sample(count, paceMillis));
  }

  /** A parallelism that fails is noted with its reason; the others still count. */
  async sustain(seconds, parallelism) {
    const entry = { parallelism };
    this.sustained.push(entry);
    try {
      Object.assign(entry, await this.#sustainedRun(seconds, parallelism));
    } catch (error) {
      entry.error = error.message;
    }
  }

  /** The rate of one sustained run, per second. */
  async rate(seconds, parallelism) {
    return (await this.#sustainedRun(seconds, parallelism)).perSecond;
  }

  async finish() {
    this.memoryEndBytes = this.#memory();
    Object.assign(this.turns, await this.#hosts[0].call("turns", {}, COMMAND_SLACK_MILLIS));
    this.note = await this.#hosts[0].call("note", {}, COMMAND_SLACK_MILLIS);
  }

  async stop() {
    await Promise.all(this.#hosts.splice(0).map((host) => host.stop()));
  }

  kill() {
    for (const host of this.#hosts.splice(0)) host.kill();
  }

  async #addHost() {
    const host = new Host(this.contender, this.#settings);
    this.#hosts.push(host);
    return host.call("start", this.#settings, START_MILLIS_MAX);
  }

  #sample(count, paceMillis) {
    const millisMax = count * paceMillis + COMMAND_SLACK_MILLIS;
    return this.#hosts[0].call("sample", { count, paceMillis }, millisMax);
  }

  /** A contender that lives in the host's own thread gets a host for each lane; the others get loops in one host. */
  async #sustainedRun(seconds, parallelism) {
    const lanes = this.contender.synchronous ? parallelism : 1;
    while (this.#hosts.length < lanes) await this.#addHost();
    const loops = this.contender.synchronous ? 1 : parallelism;
    const millisMax = seconds * 2_000 + COMMAND_SLACK_MILLIS;
    const runs = await Promise.all(
      this.#hosts.slice(0, lanes).map((host) => host.call("sustain", { seconds, parallelism: loops }, millisMax)),
    );
    return {
      perSecond: runs.reduce((sum, run) => sum + run.perSecond, 0),
      samples: runs.flatMap((run) => run.samples ?? []),
    };
  }

  #memory() {
    const pid = this.contender.pid ? this.contender.pid(this.#settings) : this.#hosts[0].pid;
    return pid && treeMemoryBytes(pid);
  }
}
