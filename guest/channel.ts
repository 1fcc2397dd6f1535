/**
 * The connection to the host: frames of `u32` length (of what follows), `u8` kind, 16 bytes of key, 16 bytes of run id,
 * and a payload. All numbers are little-endian. The host ends the process when a frame is not like this.
 */

import { guard, lengthOf, min, NativeTypeError, NativeUint8Array, setBytes, settle, view } from "./primordials.ts";

/** What a frame is. The host has the same list. */
export const Kind = {
  /** Host: here is the key. */
  Hello: 1,
  /** Host: run this program. */
  Run: 2,
  /** Host: give up what only the boot needs. */
  Seal: 3,
  /** Host: the answer to a call. */
  Answer: 4,
  /** Host: load what answering web requests needs. */
  Preload: 5,
  /** Host: load this program, which answers web requests. */
  Serve: 6,
  /** Host: connect once more, for one request at a time. */
  Connect: 7,
  /** Guest: sealed, and ready for a program. */
  Ready: 16,
  /** Guest: a log line: a byte for its level, then its text. */
  Log: 17,
  /** Guest: more was logged than is sent. */
  LogsTruncated: 18,
  /** Guest: the run's value, as JSON text. */
  Value: 19,
  /** Guest: the run's value is `undefined`. */
  Undefined: 20,
  /** Guest: the run has no value; a JSON object says why. */
  Failure: 21,
  /** Guest: after the end of this run, its program may be called again. */
  Again: 22,
  /** Guest: foreign code asked for something in vain: JSON text. */
  Denied: 23,
  /** Guest: the run does not end with its answer. */
  Kept: 24,
  /** Guest: what it did not end before is done. */
  Done: 25,
  /** Guest: the program is loaded, and answers web requests. */
  Serving: 28,
  /** Guest: what the run wrote, as JSON text; a value follows. */
  Writes: 26,
  /** Guest: asks something of the host while it runs. */
  Call: 27,
} as const;

/** A frame from the host. */
export interface Frame {
  readonly kind: number;
  readonly run: Uint8Array;
  readonly payload: Uint8Array;
}

const LENGTH_BYTES = 4;
const KEY_AT = 5;
const RUN_AT = 21;
const HEADER_BYTES = 37;
const FRAME_BYTES_MAX = 64 << 20;
// The kernel takes a write of at most 32 KiB to a Unix socket whole or not at all. Deno tries each write at once and
// keeps waiting ones in order, so writes of this size never need an answer before the next is made, and what a program
// says before it blocks the thread for ever is on its way.
const CHUNK_BYTES_MAX = 16 << 10;

const READ_BYTES = 16 << 10;

const ignore = () => {};

/** The guest's end of the connection. */
export class Channel {
  #read: (buffer: Uint8Array) => Promise<number | null>;
  #write: (bytes: Uint8Array) => Promise<number>;
  #key = new NativeUint8Array(16);
  #buffer = new NativeUint8Array(READ_BYTES);
  #from = 0;
  #to = 0;

  private constructor(connection: Deno.UnixConn) {
    this.#read = connection.read.bind(connection);
    this.#write = connection.write.bind(connection);
  }

  /** Connects to the host's socket and takes the key that the host says first. */
  static async open(path: string): Promise<Channel> {
    const channel = new Channel(await Deno.connect({ transport: "unix", path }));
    await channel.#hello();
    return channel;
  }

  async #hello(): Promise<void> {
    const header = await this.#fill(HEADER_BYTES);
    setBytes(this.#key, view(header, KEY_AT, RUN_AT));
  }

  /** The host's next frame. */
  async receive(): Promise<Frame> {
    const header = await guard(this.#fill(HEADER_BYTES));
    const length = (header[0]! | header[1]! << 8 | header[2]! << 16 | header[3]! << 24) >>> 0;
    if (length > FRAME_BYTES_MAX) throw new NativeTypeError("The host sent a frame that is too long");
    const payload = await guard(this.#fill(length - (HEADER_BYTES - LENGTH_BYTES)));
    return { kind: header[LENGTH_BYTES]!, run: view(header, RUN_AT), payload };
  }

  async #fill(length: number): Promise<Uint8Array> {
    const filled = new NativeUint8Array(length);
    let at = 0;
    while (at < length) {
      if (this.#from === this.#to) await guard(this.#refill());
      const count = min(length - at, this.#to - this.#from);
      setBytes(filled, view(this.#buffer, this.#from, this.#from + count), at);
      this.#from += count;
      at += count;
    }
    return filled;
  }

  // A small frame comes with one read: each is a turn of the event loop.
  async #refill(): Promise<void> {
    const count = await guard(this.#read(this.#buffer));
    if (count === null) throw new NativeTypeError("The host closed the connection");
    this.#from = 0;
    this.#to = count;
  }

  /** Sends a frame. It is on its way when this returns, unless the host is slow. */
  send(kind: number, run: Uint8Array, payload: Uint8Array): void {
    const size = HEADER_BYTES + lengthOf(payload);
    const frame = new NativeUint8Array(size);
    const length = size - LENGTH_BYTES;
    frame[0] = length;
    frame[1] = length >>> 8;
    frame[2] = length >>> 16;
    frame[3] = length >>> 24;
    frame[LENGTH_BYTES] = kind;
    setBytes(frame, this.#key, KEY_AT);
    setBytes(frame, run, RUN_AT);
    setBytes(frame, payload, HEADER_BYTES);
    for (let at = 0; at < size; at += CHUNK_BYTES_MAX) {
      settle(this.#write(view(frame, at, min(at + CHUNK_BYTES_MAX, size))), ignore, ignore);
    }
  }
}
