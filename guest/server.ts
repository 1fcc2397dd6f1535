/**
 * A program that answers web requests: it is loaded once, and answers many at a time. The guest connects to the host, and
 * from then on is the HTTP server of that connection: nothing has to listen in a sandbox, so nothing may.
 *
 * A connection has one request at a time. So what the host hears of a request names it by the number of its connection and
 * its own number there; the request itself needs to say nothing.
 */

import type { Calls } from "./calls.ts";
import { type Channel, type Frame, Kind } from "./channel.ts";
import { LOG_BYTES_MAX, type Logs } from "./console.ts";
import { type Current, currentRun, findRunsBy } from "./current.ts";
import { faultText, thrownFailure } from "./failure.ts";
import { giveAddress, holdEnd, httpServer } from "./internals.ts";
import {
  apply,
  decode,
  defineProperty,
  encode,
  guard,
  NativePromise,
  NativeTypeError,
  NativeUint8Array,
  parse,
  settle,
  sourceOf,
  startsWith,
  uncurry,
} from "./primordials.ts";
import { type Given, load, type Module } from "./program.ts";
import { beginTown } from "./town.ts";
import { values } from "./values.ts";

/** The payload of a `Serve` frame. */
interface Service extends Given {
  readonly program: Module;
  /** Where the host waits for connections. */
  readonly socket: string;
  /** The name of the program's author, in lower case. */
  readonly author?: string;
}

/** The answer to a request whose program failed: the host tells its sender what a frame has told it. */
const FAILED = "thorp-failed";
const FAILED_STATUS = 500;

/** The payload of a `Connect` frame for a request that wants to become something else. */
const FOR_UPGRADE = 1;

const { connect: connectTo } = Deno;

const NO_PAYLOAD = new NativeUint8Array(0);

/** What a program's handler is called with beside the request. */
interface Context {
  /** Lets the run go on until a promise has settled, also when its answer has been sent. */
  waitUntil(promise: unknown): void;
}

type WebHandler = (request: Request, context: Context) => unknown;

/** What is taken of Deno to answer requests, before any code of a user's runs. */
interface Web {
  /** Answers the requests of a connection. */
  answer: ReturnType<typeof httpServer>;
  /** Calls a function as a part of a run. */
  within: (run: Current, handler: WebHandler, request: Request, context: Context) => unknown;
  failed: () => Response;
}

/** What a connection has become: when it has ended, if it was upgraded. */
interface Line {
  upgraded: Promise<unknown> | null;
}

/** A request that is being answered. */
class Exchange implements Current {
  readonly id: Uint8Array;
  logBytesLeft: number = LOG_BYTES_MAX;
  readonly line: Line;
  readonly #server: Server;
  #kept = 0;

  constructor(server: Server, id: Uint8Array, line: Line) {
    this.#server = server;
    this.id = id;
    this.line = line;
  }

  keep(promise: Promise<unknown>): void {
    if (this.#kept++ === 0) this.#server.tell(Kind.Kept, this.id);
    const done = () => {
      if (--this.#kept === 0) this.#server.tell(Kind.Done, this.id);
    };
    settle(promise, done, (error) => {
      this.#server.fault(this, error);
      done();
    });
  }
}

/** What the program has in its hands of a request that is being answered. */
class Waiting implements Context {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  waitUntil(promise: unknown): void {
    this.#exchange.keep(new NativePromise((resolve) => resolve(promise)));
  }
}

/** Answers web requests by one program. */
export class Server {
  #channel: Channel;
  #logs: Logs;
  #calls: Calls;
  #web: Web | null = null;
  #socket = "";
  #handler: WebHandler | null = null;
  /** What is no request's: loading the program, and what it does between requests. */
  #apart: Current | null = null;
  #refuse: ((error: unknown) => void) | null = null;
  #connections = 0;
  #connected: Promise<void> = new NativePromise((resolve) => resolve());

  constructor(channel: Channel, logs: Logs, calls: Calls) {
    this.#channel = channel;
    this.#logs = logs;
    this.#calls = calls;
  }

  /** Whether it has a program, or is loading it. */
  get isServing(): boolean {
    return this.#apart !== null;
  }

  /** Loads what answering takes. */
  async preload(): Promise<void> {
    if (this.#web === null) this.#web = await guard(loadWeb(() => this.#apart));
  }

  /** Loads a program; the host is told how that ended. */
  async serve(frame: Frame): Promise<void> {
    const service = parse(decode(frame.payload)) as Service;
    await guard(this.preload());
    this.#socket = service.socket;
    this.#apart = { id: frame.run, logBytesLeft: LOG_BYTES_MAX };
    this.#calls.stay();
    values.begin({}, []);
    beginTown(service.author);
    captureServe((handler) => {
      this.#handler = handler;
    });
    try {
      const value = await guard(this.#load(service));
      this.#handler ??= handlerOf(value);
      this.tell(Kind.Serving, frame.run);
    } catch (error) {
      this.#channel.send(Kind.Failure, frame.run, encode(thrownFailure(error)));
    }
    this.#refuse = null;
  }

  #load(service: Service): Promise<unknown> {
    return new NativePromise((resolve, reject) => {
      this.#refuse = reject;
      settle(load(service.program, service, (text) => this.#logs.note(text)), resolve, reject);
    });
  }

  /** Makes another connection, when those that were asked for before have been made; its request may be to upgrade it. */
  connect(frame: Frame): void {
    const number = ++this.#connections;
    const before = this.#connected;
    const connected = this.#connectAfter(before, number, frame.payload[0] === FOR_UPGRADE);
    // If the host takes no connection, it ends the process.
    settle(connected, () => {}, () => {});
    this.#connected = connected;
  }

  async #connectAfter(before: Promise<void>, number: number, mayUpgrade: boolean): Promise<void> {
    await guard(before);
    const connection = await guard(connectTo({ transport: "unix", path: this.#socket }));
    const line = { upgraded: null };
    if (!mayUpgrade) return this.#answerOn(connection, number, line);
    const goOnAfter = (goOn: () => void) => {
      const { upgraded } = line as Line;
      if (upgraded === null) goOn();
      else settle(upgraded, goOn, goOn);
    };
    holdEnd(() => this.#answerOn(connection, number, line, giveAddress), goOnAfter);
  }

  #answerOn(connection: Deno.Conn, number: number, line: Line, prepare?: (request: Request) => void): void {
    const web = this.#web!;
    const handler = this.#handler!;
    let count = 0;
    let exchange: Exchange;
    const answer = (request: Request) => {
      prepare?.(request);
      exchange = new Exchange(this, idOf(number, count++), line);
      return web.within(exchange, handler, request, new Waiting(exchange)) as Promise<Response>;
    };
    web.answer(connection, answer, (error) => {
      this.#channel.send(Kind.Failure, exchange.id, encode(thrownFailure(error)));
      return web.failed();
    });
  }

  /** An error that nobody caught: it ends nothing but the loading of the program. */
  fail(error: unknown): void {
    if (this.#refuse !== null) return this.#refuse(error);
    const run = currentRun();
    if (run !== null) this.fault(run, error);
  }

  /** Logs an error. */
  fault(run: Current, error: unknown): void {
    this.#logs.fault(run, faultText(error));
  }

  /** Sends a frame without a payload. */
  tell(kind: number, run: Uint8Array): void {
    this.#channel.send(kind, run, NO_PAYLOAD);
  }
}

async function loadWeb(apart: () => Current | null): Promise<Web> {
  const { AsyncLocalStorage } = await guard(import("node:async_hooks"));
  const storage = new AsyncLocalStorage<Current>();
  const getStore = uncurry(AsyncLocalStorage.prototype.getStore) as (self: typeof storage) => Current | undefined;
  const run = uncurry(AsyncLocalStorage.prototype.run) as unknown as (
    self: typeof storage,
    run: Current,
    handler: WebHandler,
    request: Request,
    context: Context,
  ) => unknown;
  findRunsBy(() => getStore(storage) ?? apart());
  noteUpgrades();
  const NativeResponse = Response;
  return {
    answer: httpServer(),
    within: (current, handler, request, context) => run(storage, current, handler, request, context),
    failed: () =>
      new NativeResponse(null, {
        __proto__: null,
        status: FAILED_STATUS,
        headers: [[FAILED, "1"]],
      } as ResponseInit),
  };
}

/** A connection that becomes a WebSocket is one until that is closed. */
function noteUpgrades(): void {
  const upgrade = Deno.upgradeWebSocket;
  const listen = uncurry(EventTarget.prototype.addEventListener);
  const noting: typeof upgrade = (request, options) => {
    const upgraded = options === undefined ? upgrade(request) : upgrade(request, options);
    const run = currentRun();
    if (run instanceof Exchange) {
      run.line.upgraded = new NativePromise((resolve) => listen(upgraded.socket, "close", resolve));
    }
    return upgraded;
  };
  defineProperty(
    Deno,
    "upgradeWebSocket",
    { __proto__: null, configurable: true, enumerable: true, writable: true, value: noting } as PropertyDescriptor,
  );
}

/** How host and guest call a request: sixteen bytes. */
function idOf(connection: number, count: number): Uint8Array {
  const id = new NativeUint8Array(16);
  for (let index = 0; index < 4; index++) {
    id[index] = connection >>> 8 * index;
    id[4 + index] = count >>> 8 * index;
  }
  return id;
}

function handlerOf(value: unknown): WebHandler {
  if (typeof value === "function" && !startsWith(sourceOf(value as () => void), "class")) return value as WebHandler;
  const fetch = typeof value === "object" && value !== null ? (value as { fetch?: unknown }).fetch : undefined;
  if (typeof fetch === "function") {
    return (request, context) => apply(fetch as () => unknown, value, [request, context, context] as never);
  }
  throw new NativeTypeError(
    "The program answers no web requests: export a function of a `Request` as its default, or an object with `fetch`, or call `Deno.serve`",
  );
}

interface ServeOptions {
  readonly handler?: unknown;
  readonly port?: number;
  readonly onError?: (error: unknown) => unknown;
  readonly onListen?: (address: Deno.NetAddr) => void;
}

/** Takes the handler that a program would serve with: it listens nowhere, and gets the requests of its own address. */
function captureServe(found: (handler: WebHandler) => void): void {
  const serve = (first: unknown, second?: unknown) => {
    const options = (typeof first === "object" ? first : second) as ServeOptions | null | undefined;
    const handler = typeof first === "function" ? first : typeof second === "function" ? second : options?.handler;
    if (typeof handler !== "function") throw new NativeTypeError("`Deno.serve` needs a handler");
    const onError = options?.onError;
    found(
      onError === undefined ? handler as WebHandler : async (request, context) => {
        try {
          return await (handler as WebHandler)(request, context);
        } catch (error) {
          return await onError(error);
        }
      },
    );
    const addr: Deno.NetAddr = { transport: "tcp", hostname: "0.0.0.0", port: options?.port ?? 8000 };
    options?.onListen?.(addr);
    const finished = new NativePromise<void>(() => {});
    const shutdown = async () => {};
    return { addr, finished, shutdown, ref() {}, unref() {}, [Symbol.asyncDispose]: shutdown };
  };
  defineProperty(
    Deno,
    "serve",
    { __proto__: null, configurable: true, enumerable: true, writable: true, value: serve } as PropertyDescriptor,
  );
}
