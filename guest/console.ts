/** `console` as log lines for the host, formatted as Deno's own console does it. */

import { type Channel, Kind } from "./channel.ts";
import { type Current, currentRun, setLoneRun } from "./current.ts";
import type { Denial } from "./denial.ts";
import { DenoConsole } from "./internals.ts";
import {
  apply,
  defineProperty,
  encode,
  endsWith,
  keys,
  lengthOf,
  min,
  NativeUint8Array,
  quote,
  setBytes,
  slice,
  view,
} from "./primordials.ts";

/** The bytes of log text that a run may send. The host has the same limit. */
export const LOG_BYTES_MAX: number = 1 << 20;

/** Things asked for in vain that a run tells. The host keeps as many, and learns by one more that there were more. */
const DENIALS_MAX = 100;

/** Characters of what was asked for. */
const ASKED_LENGTH_MAX = 1000;

const LEVEL_LOG = 1;
const LEVEL_WARN = 3;
const LEVELS: Record<string, number> = { debug: 0, log: LEVEL_LOG, info: 2, warn: 3, error: 4, trace: 4, assert: 4 };
// The levels that Deno's console itself tells apart, by its own numbers.
const PRINT_LEVELS = [0, LEVEL_LOG, LEVEL_LOG, 3, 4];

/** Sends what a run logs, as long as it is the current one. */
export class Logs {
  #channel: Channel;
  #level: number | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** From now on, lines belong to this run. */
  begin(run: Uint8Array): void {
    setLoneRun({ id: run, logBytesLeft: LOG_BYTES_MAX });
  }

  /** From now on, lines belong to no run, and are dropped. */
  end(): void {
    setLoneRun(null);
  }

  /** Puts itself behind the global `console`. */
  install(): void {
    const source = new DenoConsole((text, level) => this.#print(text, this.#level ?? PRINT_LEVELS[level] ?? LEVEL_LOG));
    const methods = source as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of keys(methods)) {
      const method = methods[name]!;
      if (typeof method !== "function") continue;
      defineProperty(console, name, {
        configurable: true,
        enumerable: true,
        writable: true,
        value: this.#leveled(source, method, LEVELS[name]),
      });
    }
  }

  /** A line of the guest's own about the program. */
  note(text: string): void {
    this.#print(text, LEVEL_WARN);
  }

  /** An error of a run that did not end it. */
  fault(run: Current, text: string): void {
    this.#print(text, LEVELS.error!, run);
  }

  /** Tells the host what foreign code asked for and did not get, each thing once. */
  denied = (denial: Denial): void => {
    const run = currentRun();
    if (run === null) return;
    const told = run.denied ??= { __proto__: null } as unknown as Record<string, true>;
    run.denials ??= 0;
    if (run.denials > DENIALS_MAX) return;
    const { val, asked, line, column } = denial;
    const text = `{"val":${quote(val)},"asked":${quote(slice(asked, 0, ASKED_LENGTH_MAX))},` +
      `"line":${line},"column":${column}}`;
    if (told[text] === true) return;
    told[text] = true;
    run.denials++;
    this.#channel.send(Kind.Denied, run.id, encode(text));
  };

  #leveled(source: Console, method: (...args: unknown[]) => unknown, level: number | undefined) {
    return (...args: unknown[]): unknown => {
      const outer = this.#level;
      this.#level = level;
      try {
        return apply(method, source, args);
      } finally {
        this.#level = outer;
      }
    };
  }

  #print(text: string, level: number, run: Current | null = currentRun()): void {
    if (run === null || run.logBytesLeft === 0) return;
    const line = endsWith(text, "\n") ? slice(text, 0, -1) : text;
    // A character has at least a byte.
    const bytes = encode(slice(line, 0, run.logBytesLeft + 1));
    const size = min(lengthOf(bytes), run.logBytesLeft);
    const payload = new NativeUint8Array(1 + size);
    payload[0] = level;
    setBytes(payload, view(bytes, 0, size), 1);
    this.#channel.send(Kind.Log, run.id, payload);
    run.logBytesLeft = size < lengthOf(bytes) ? 0 : run.logBytesLeft - size;
    if (run.logBytesLeft === 0) this.#channel.send(Kind.LogsTruncated, run.id, new NativeUint8Array(0));
  }
}
