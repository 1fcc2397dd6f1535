/** One foreign val: its script is evaluated in a Compartment of its own, and its exports come out. */

import { ownEndowments } from "./endowments.ts";
import { stackText } from "./lockdown.ts";
import { stubsOf } from "./stubs.ts";
import type { Denial } from "../denial.ts";

interface CompartmentLike {
  readonly globalThis: Record<string, unknown>;
  evaluate(text: string): unknown;
}
declare const Compartment: new (options: object) => CompartmentLike;

/** What a bundle calls its exports. */
const EXPORTS = "thorpExports";
/** What of a Compartment's own global is no use to its code. */
const UNUSED = ["lockdown", "repairIntrinsics"];

/** Makes Compartments. */
export class ForeignVals {
  #compartment = Compartment;
  #shared: Record<string, unknown>;
  #fetch: typeof fetch;
  #denied: (denial: Denial) => void;

  constructor(shared: Record<string, unknown>, native: typeof fetch, denied: (denial: Denial) => void) {
    this.#shared = shared;
    this.#fetch = native;
    this.#denied = denied;
  }

  /** Evaluates the script of a foreign val: its exports. */
  load = (val: string, script: string): Record<string, unknown> => {
    const globals = { ...this.#shared, ...ownEndowments(val, this.#fetch) };
    freezeOwn(globals);
    const compartment = new this.#compartment({ __options__: true, name: val, globals });
    const own = compartment.globalThis;
    own.self = own.global = own;
    for (const name of UNUSED) delete own[name];
    const stubs = stubsOf((asked) => this.#denied({ val, asked, line: lineIn(val) }));
    // All on the first line, so that the script's lines are its own.
    const text = `(Deno, process) => {${script}\nreturn ${EXPORTS};\n}\n//# sourceURL=${urlOf(val)}`;
    const evaluate = compartment.evaluate(
      `(${text.slice(0, text.lastIndexOf("\n"))})${text.slice(text.lastIndexOf("\n"))}`,
    );
    return (evaluate as (deno: object, process: object) => Record<string, unknown>)(stubs.Deno, stubs.process);
  };
}

/** Where users see the text of a foreign val. */
function urlOf(val: string): string {
  return `file:///val/${val}`;
}

function lineIn(val: string): number | null {
  const stack = stackText(new Error());
  const at = stack.indexOf(`${urlOf(val)}:`);
  if (at === -1) return null;
  const line = parseInt(stack.slice(at + urlOf(val).length + 1), 10);
  return line > 0 ? line : null;
}

/** The functions and objects that were made for one val. */
function freezeOwn(globals: Record<string, unknown>): void {
  for (const value of Object.values(globals)) {
    if (Object.isFrozen(value)) continue;
    Object.freeze(value);
    for (const inner of Object.values(value as object)) Object.freeze(inner);
  }
}
