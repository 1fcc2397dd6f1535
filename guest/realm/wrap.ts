/** What of the web's objects has to be another function, because the one of Deno leads out of a Compartment. */

/** Puts functions that refuse a missing `this` in the place of those that take the global for it. */
export function wrapEventTarget(): void {
  const methods = EventTarget.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
    const native = methods[name]!;
    const wrapped = {
      [name](this: unknown, ...args: unknown[]): unknown {
        if (this === undefined || this === null) throw new TypeError(`\`${name}\` was called without an EventTarget`);
        return Reflect.apply(native, this, args);
      },
    }[name]!;
    methods[name] = wrapped;
    // A bare call in the realm's own code means its global.
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value: native.bind(globalThis) });
  }
}

/** `AbortSignal.timeout` without the timer of the host behind it. */
export function wrapTimeout(): void {
  const { setTimeout, Number, AbortController, DOMException } = globalThis;
  const { unrefTimer } = Deno;
  const abort = AbortController.prototype.abort;
  Object.defineProperty(AbortSignal, "timeout", {
    configurable: true,
    enumerable: true,
    writable: true,
    value: {
      timeout(milliseconds: number): AbortSignal {
        const controller = new AbortController();
        const timer = setTimeout(() => {
          Reflect.apply(abort, controller, [new DOMException("Signal timed out.", "TimeoutError")]);
        }, Number(milliseconds));
        unrefTimer(timer as unknown as number);
        return controller.signal;
      },
    }.timeout,
  });
}

/** Queuing strategies without the realm's global as a property of each, which those of Deno have. */
export function replaceStrategies(): void {
  const all = globalThis as unknown as Record<string, unknown>;
  const byteLength = (chunk: ArrayBufferView) => chunk.byteLength;
  const one = () => 1;
  all.ByteLengthQueuingStrategy = strategy("ByteLengthQueuingStrategy", byteLength);
  all.CountQueuingStrategy = strategy("CountQueuingStrategy", one);
}

function strategy(name: string, size: unknown): unknown {
  const Strategy = class {
    #highWaterMark: number;
    constructor(init: QueuingStrategyInit) {
      if (!("highWaterMark" in init)) throw new TypeError(`\`${name}\` needs a \`highWaterMark\``);
      this.#highWaterMark = +init.highWaterMark;
    }
    get highWaterMark(): number {
      return this.#highWaterMark;
    }
    get size(): unknown {
      return size;
    }
    get [Symbol.toStringTag](): string {
      return name;
    }
  };
  Object.defineProperty(Strategy, "name", { value: name, configurable: true });
  return Strategy;
}
