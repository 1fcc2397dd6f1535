/**
 * What a program asks of the host while it runs. Each call has a number; the host answers in any order. Frames are read only
 * while an answer is missing, so that a program that waits for nothing ends as one.
 */

import { type Channel, type Frame, Kind } from "./channel.ts";
import { currentRun } from "./current.ts";
import {
  decode,
  defineProperty,
  encode,
  guard,
  lengthOf,
  NativeError,
  NativePromise,
  NativeTypeError,
  parse,
  quote,
  settle,
} from "./primordials.ts";
import { resultOf } from "./result.ts";

/** Bytes of a call's arguments, as JSON. The host has the same limit. */
const CALL_BYTES_MAX = 2 << 20;

/** What the host answers. */
interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly code: string };
}

interface Open {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The calls of the current run. */
export class Calls {
  #channel: Channel;
  #run: Uint8Array | null = null;
  #last = 0;
  #open = { __proto__: null } as unknown as Record<number, Open | undefined>;
  #waiting = 0;
  #reading = false;
  #kept = 0;
  #onEnd = () => {};
  #handOver: ((frame: Frame) => void) | null = null;
  #stays = false;
  #early: Frame | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** A run begins or ends: answers to what was asked before are nobody's. */
  begin(run: Uint8Array | null): void {
    this.#run = run;
    this.#open = { __proto__: null } as unknown as Record<number, Open | undefined>;
    this.#waiting = 0;
    this.#kept = 0;
  }

  /** The host's next frame that is no answer. */
  next(): Promise<Frame> {
    if (!this.#reading && !this.#stays) return this.#channel.receive();
    return new NativePromise((resolve) => {
      const early = this.#early;
      this.#early = null;
      if (early !== null) return resolve(early);
      this.#handOver = resolve;
      if (!this.#reading) settle(this.#read(), ignoreValue, ignoreValue);
    });
  }

  /** From now on calls are made while the host's next frame is waited for. */
  stay(): void {
    this.#stays = true;
  }

  /** Asks for what the run does not end before. */
  keep(operation: string, args: unknown[], foreign?: string): Promise<unknown> {
    const current = currentRun();
    if (current?.keep !== undefined) {
      const answer = this.call(operation, args, foreign);
      current.keep(answer);
      return answer;
    }
    const run = this.#run;
    const done = () => {
      if (run !== this.#run) return;
      this.#kept--;
      if (this.#kept === 0) this.#onEnd();
    };
    // A promise of its own: if nobody catches its error, it is an error that nobody caught.
    return new NativePromise((resolve, reject) => {
      const answer = this.call(operation, args, foreign);
      this.#kept++;
      settle(answer, (value) => (done(), resolve(value)), (error) => {
        reject(error);
        // Whether somebody catches it shows in the next turn.
        nextTurn(done);
      });
    });
  }

  /** When all of that has ended; `null` if there is none. */
  ended(): Promise<void> | null {
    if (this.#kept === 0) return null;
    return new NativePromise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** Asks the host; `args` must be JSON. `foreign` is the val of another user that asks: the host allows less then. */
  call(operation: string, args: unknown[], foreign?: string): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      const run = currentRun()?.id ?? null;
      if (run === null) throw new NativeTypeError("Nothing runs, so nothing can be asked of the town");
      const id = ++this.#last;
      const by = foreign === undefined ? "" : `"foreign":${quote(foreign)},`;
      const payload = encode(`{"id":${id},${by}"operation":${quote(operation)},"args":${jsonOfArguments(args)}}`);
      if (lengthOf(payload) > CALL_BYTES_MAX) throw new NativeTypeError("The arguments are too large");
      this.#open[id] = { resolve, reject };
      this.#waiting++;
      this.#channel.send(Kind.Call, run, payload);
      if (!this.#reading) settle(this.#read(), ignoreValue, ignoreValue);
    });
  }

  async #read(): Promise<void> {
    this.#reading = true;
    // The host closes the connection only when it ends the process.
    while (this.#waiting > 0 || this.#handOver !== null || (this.#run === null && !this.#stays)) {
      const frame = await guard(this.#channel.receive());
      if (frame.kind !== Kind.Answer) {
        const handOver = this.#handOver;
        this.#handOver = null;
        if (handOver !== null) {
          this.#reading = false;
          return handOver(frame);
        }
        if (!this.#stays || this.#early !== null) {
          throw new NativeTypeError("The host sent a frame that nobody waits for");
        }
        this.#early = frame;
        continue;
      }
      this.#answer(parse(decode(frame.payload)) as Answer);
    }
    this.#reading = false;
  }

  #answer(answer: Answer): void {
    const open = this.#open[answer.id];
    if (open === undefined) return;
    this.#open[answer.id] = undefined;
    this.#waiting--;
    if (answer.error === undefined) return open.resolve(answer.value);
    open.reject(failed(answer.error));
  }
}

// To name a timer loads all of them, which takes five milliseconds of a start; so it is named when there is need.
const nextTurn = (work: () => void): void => void setTimeout(work, 0);

const ignoreValue = () => {};

/** Arguments as JSON text. */
export function jsonOfArguments(args: unknown[]): string {
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    // In an array, JSON would make `null` of it.
    if (typeof argument === "function" || typeof argument === "symbol") {
      throw new NativeTypeError(`The arguments are not JSON: $[${index}]: it is a ${typeof argument}`);
    }
  }
  const result = resultOf(args);
  if (result.kind === "thrown") throw result.error;
  if (result.kind === "value") return result.json;
  const why = result.kind === "notJson" ? `${result.path}: ${result.reason}` : "they are undefined";
  throw new NativeTypeError(`The arguments are not JSON: ${why}`);
}

/** An error of the other side, with a code. */
function failed({ name, message, code }: { name: string; message: string; code: string }): Error {
  const error = new NativeError(message);
  const property = (value: string) =>
    ({ __proto__: null, value, writable: true, configurable: true }) as PropertyDescriptor;
  defineProperty(error, "name", property(name));
  defineProperty(error, "code", property(code));
  return error;
}
