/** One foreign val: its script is evaluated in a Compartment of its own, and its exports come out. */

import { ownEndowments } from "./endowments.ts";
import { stackText } from "./lockdown.ts";
import { Powers } from "./powers.ts";
import { stubsOf } from "./stubs.ts";
import type { Denial } from "../denial.ts";
import type { ForeignTown } from "../realm.ts";

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
  #town: ForeignTown;
  #denied: (denial: Denial) => void;

  constructor(
    shared: Record<string, unknown>,
    native: typeof fetch,
    town: ForeignTown,
    denied: (denial: Denial) => void,
  ) {
    this.#shared = shared;
    this.#fetch = native;
    this.#town = town;
    this.#denied = denied;
  }

  /** Evaluates the script of a foreign val: its exports. `name` may have a `+` behind what users call it. */
  load = (name: string, script: string): Record<string, unknown> => {
    const val = name.split("+")[0]!;
    const asked = (what: string) => this.#denied({ val: name, asked: what, ...placeIn(name) });
    const powers = new Powers(val, this.#town, asked);
    const globals = { ...this.#shared, ...ownEndowments(val, this.#fetch, powers.email) };
    freezeOwn(globals);
    const compartment = new this.#compartment({ __options__: true, name: val, globals });
    const own = compartment.globalThis;
    own.self = own.global = own;
    for (const unused of UNUSED) delete own[unused];
    const stubs = stubsOf(asked);
    // All on the first line, so that the script's lines are its own.
    const text = `((Deno, process, thorp) => {${script}\nreturn ${EXPORTS};\n})\n//# sourceURL=${urlOf(name)}`;
    const evaluate = compartment.evaluate(text) as (
      deno: object,
      process: object,
      thorp: object,
    ) => Record<string, unknown>;
    return evaluate(stubs.Deno, stubs.process, powers.given());
  };
}

/** Where users see the text of a foreign val. */
function urlOf(val: string): string {
  return `file:///val/${val}`;
}

/** Where in the text of a val the innermost frame of it is. */
function placeIn(name: string): { line: number | null; column: number | null } {
  const stack = stackText(new Error());
  const url = `${urlOf(name)}:`;
  const at = stack.indexOf(url);
  if (at === -1) return { line: null, column: null };
  const [line, column] = stack.slice(at + url.length, at + url.length + 20).split(/[:)\s]/);
  return { line: numberOf(line), column: numberOf(column) };
}

function numberOf(text: string | undefined): number | null {
  const number = parseInt(text ?? "", 10);
  return number > 0 ? number : null;
}

/** The functions and objects that were made for one val. */
function freezeOwn(globals: Record<string, unknown>): void {
  for (const value of Object.values(globals)) {
    if (Object.isFrozen(value)) continue;
    Object.freeze(value);
    for (const inner of Object.values(value as object)) Object.freeze(inner);
  }
}
