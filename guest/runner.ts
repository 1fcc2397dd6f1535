/** One run: its program is evaluated, and the host is told once how it ended. */

import type { Calls } from "./calls.ts";
import { type Channel, type Frame, Kind } from "./channel.ts";
import type { Logs } from "./console.ts";
import { notJsonFailure, thrownFailure, TOO_LARGE_FAILURE } from "./failure.ts";
import {
  decode,
  encode,
  guard,
  lengthOf,
  NativePromise,
  NativeTypeError,
  NativeUint8Array,
  parse,
  settle,
} from "./primordials.ts";
import { evaluate, type Request } from "./program.ts";
import { type Result, resultOf } from "./result.ts";
import { beginTown } from "./town.ts";
import { values } from "./values.ts";

/** The bytes of a result's JSON text. The host has the same limit. */
const RESULT_BYTES_MAX = 8 << 20;

/** The bytes of all that a run writes, as JSON text. The host has the same limit. */
const WRITES_BYTES_MAX = 8 << 20;

const { exit } = Deno;

const NO_VALUES = {};

const ignoreAll = () => {};

const NOTHING = new NativeUint8Array(0);

/** Runs programs, one at a time. */
export class Runner {
  #channel: Channel;
  #logs: Logs;
  #calls: Calls;
  #run: Uint8Array | null = null;
  #isKept = false;
  #isFunction = false;
  /** Whether every error had a run that it ended as it should. */
  #isSound = true;
  #ended = () => {};

  constructor(channel: Channel, logs: Logs, calls: Calls) {
    this.#channel = channel;
    this.#logs = logs;
    this.#calls = calls;
  }

  /** Runs the program of a frame; settles when the host was told its end. */
  run(frame: Frame): Promise<void> {
    const ended = guard(
      new NativePromise<void>((resolve) => {
        this.#ended = resolve;
      }),
    );
    this.#run = frame.run;
    this.#logs.begin(frame.run);
    const request = parse(decode(frame.payload)) as Request;
    this.#calls.begin(frame.run);
    values.begin(request.values ?? NO_VALUES, request.writable, request.foreign ?? NO_VALUES);
    values.refuseOthers(request.strict ? request.author : undefined);
    beginTown(request.author);
    this.#isKept = request.kept;
    this.#isFunction = false;
    const isFunction = () => {
      this.#isFunction = true;
    };
    const value = evaluate(request, isFunction, (text) => this.#logs.note(text));
    settle(value, (value) => this.#returned(value), (error) => this.#threw(error));
    return ended;
  }

  /** Ends the current run with an error that nobody caught. There is no other run after it; without a run, the process ends. */
  fail = (error: unknown): void => {
    if (this.#run === null) exit(1);
    this.#isSound = false;
    this.#threw(error);
  };

  #threw(error: unknown): void {
    this.#end(Kind.Failure, encode(thrownFailure(error)));
  }

  #returned(value: unknown): void {
    // What becomes of a value calls code in it, and that may begin something too that the run does not end before.
    this.#whenAllEnded(() => {
      const result = resultOf(value);
      this.#whenAllEnded(() => this.#finish(result));
    });
  }

  #whenAllEnded(next: () => void): void {
    const kept = this.#calls.ended();
    if (kept === null) return next();
    settle(kept, next, ignoreAll);
  }

  #finish(result: Result): void {
    switch (result.kind) {
      case "value":
        return this.#value(result.json);
      case "undefined":
        return this.#endWell(Kind.Undefined, NOTHING);
      case "notJson":
        return this.#end(Kind.Failure, encode(notJsonFailure(result.path, result.reason)));
      case "thrown":
        return this.#threw(result.error);
    }
  }

  #value(json: string): void {
    const bytes = json.length > RESULT_BYTES_MAX ? null : encode(json);
    if (bytes === null || lengthOf(bytes) > RESULT_BYTES_MAX) return this.#end(Kind.Failure, encode(TOO_LARGE_FAILURE));
    this.#endWell(Kind.Value, bytes);
  }

  #endWell(kind: number, payload: Uint8Array): void {
    const written = values.written();
    if (written !== null && this.#run !== null) {
      const bytes = encode(written);
      if (lengthOf(bytes) > WRITES_BYTES_MAX) {
        return this.#threw(new NativeTypeError("The values that the run sets are too large"));
      }
      this.#channel.send(Kind.Writes, this.#run, bytes);
    }
    this.#end(kind, payload);
  }

  #end(kind: number, payload: Uint8Array): void {
    if (this.#run === null) return;
    if (this.#isKept && this.#isFunction && this.#isSound) this.#channel.send(Kind.Again, this.#run, NOTHING);
    this.#channel.send(kind, this.#run, payload);
    this.#logs.end();
    this.#calls.begin(null);
    this.#run = null;
    this.#ended();
  }
}
