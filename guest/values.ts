/**
 * The vals that a program names, as one run sees them: values are what they were when the run began, and what the run
 * wrote since; functions are those of the program. What is written is told to the host when the run has ended well.
 */

import {
  apply,
  construct,
  defineProperty,
  freeze,
  get,
  guard,
  hasOwn,
  isArray,
  keys,
  methodsOfArrays,
  NativeTypeError,
  parse,
  quote,
  slice,
  startsWith,
  toJson,
} from "./primordials.ts";
import { isPromise, withoutPromises } from "./promises.ts";
import { resultOf } from "./result.ts";

const NativeObject = Object;
const iterator: typeof Symbol.iterator = Symbol.iterator;

type Step = string | number | symbol;

/** A place in a value, which may be read, written and deleted. */
interface Place {
  value: unknown;
  delete(): boolean;
}

/** JSON text, or `null` for a val that was deleted. */
type Written = string | null;

const nothing = <Value>(): Record<string, Value> => ({ __proto__: null } as unknown as Record<string, Value>);

/** The vals of a program. */
export class Values {
  #values = nothing<unknown>();
  #code = nothing<unknown>();
  #written = nothing<Written>();
  #ours = nothing<true>();
  #foreign = nothing<unknown>();
  /** What the author's own begin with, if others' that are not there are an error. */
  #own: string | null = null;

  /** A run begins with these values, as they were parsed, and those that foreign code sees. */
  begin(values: Record<string, unknown>, ours: readonly string[] = [], foreign: Record<string, unknown> = {}): void {
    this.#foreign = nothing();
    const others = keys(foreign);
    for (let index = 0; index < others.length; index++) {
      this.#foreign[others[index]!] = frozen(foreign[others[index]!]);
    }
    this.#ours = nothing();
    for (let index = 0; index < ours.length; index++) this.#ours[ours[index]!] = true;
    this.#values = nothing();
    this.#written = nothing();
    const names = keys(values);
    for (let index = 0; index < names.length; index++) {
      this.#values[names[index]!] = frozen(values[names[index]!]);
    }
  }

  /** From now on another user's val that is not there is an error; nothing is without an `author`. */
  refuseOthers(author: string | undefined): void {
    this.#own = author === undefined ? null : `${author}/`;
  }

  /** What a val is now for a program that names it. */
  named(name: string): unknown {
    const value = this.get(name);
    if (value === undefined && this.#own !== null && !startsWith(name, this.#own)) {
      throw new NativeTypeError(`there is no val \`@${name}\`, or it is private, or became a program after the save`);
    }
    return value;
  }

  /** Another user's secret. */
  secretOf(owner: string): undefined {
    if (this.#own !== null) throw new NativeTypeError(`the secrets of \`@${owner}\` are nobody else's`);
  }

  /** Names what the program has loaded: it stays for all of its runs. */
  define(name: string, value: unknown): void {
    this.#code[name] = value;
  }

  /** Whether the program has loaded it. */
  knows(name: string): boolean {
    return name in this.#code;
  }

  /** What a val is now; `undefined` if there is none. */
  get(name: string): unknown {
    return name in this.#values ? this.#values[name] : this.#code[name];
  }

  /** What a val is now, where not every value will do. `spelled` is what the text calls it. */
  getFor(name: string, spelled: string, use: string): unknown {
    return usedAs(this.get(name), spelled, use, !this.knows(name));
  }

  /** What a val is for foreign code: what it held when the run began, if everybody may read it. */
  ofForeign(name: string): unknown {
    return this.#foreign[name];
  }

  /** A place in a val. */
  at(name: string, ...path: Step[]): Place {
    const read = () => descend(this.named(name), path, path.length, name);
    const write = (value: unknown) => this.#write(name, path, value);
    const remove = () => this.#remove(name, path);
    return freeze({
      get value() {
        return read();
      },
      set value(value: unknown) {
        write(value);
      },
      delete: remove,
    });
  }

  /** Calls a method of an array that changes it. */
  mutate(name: string, path: readonly Step[], method: string, args: unknown[]): unknown {
    const root = copy(this.get(name));
    const array = descend(root, path, path.length, name);
    if (!isArray(array) || !hasOwn(methodsOfArrays, method)) {
      throw new NativeTypeError(`${placeText(name, path)}.${method} is not a function`);
    }
    const result = apply(methodsOfArrays[method]!, array, args);
    this.#set(name, root);
    return result === array ? this.#read(name, path) : result;
  }

  /** Whether a run may write this val, and what it writes is kept when it ends. */
  isOurs(name: string): boolean {
    return name in this.#ours;
  }

  /** What was written, as JSON: pairs of a name and a value, without the value for what was deleted. */
  written(): string | null {
    const names = keys(this.#written);
    if (names.length === 0) return null;
    let text = "";
    for (let index = 0; index < names.length; index++) {
      const json = this.#written[names[index]!];
      text += `${index === 0 ? "" : ","}[${quote(names[index]!)}${json === null ? "" : `,${json}`}]`;
    }
    return `[${text}]`;
  }

  #read(name: string, path: readonly Step[]): unknown {
    return descend(this.get(name), path, path.length, name);
  }

  #write(name: string, path: readonly Step[], value: unknown): void {
    if (path.length === 0) return this.#set(name, value);
    const root = copy(this.get(name));
    const last = path.length - 1;
    const holder = descend(root, path, last, name);
    if (typeof holder !== "object" || holder === null) {
      throw new NativeTypeError(
        `Cannot set \`${String(path[last])}\` of ${placeText(name, path, last)}, which is ${holder}`,
      );
    }
    (holder as Record<Step, unknown>)[path[last]!] = value;
    this.#set(name, root);
  }

  #remove(name: string, path: readonly Step[]): boolean {
    if (path.length === 0) {
      this.#values[name] = undefined;
      this.#written[name] = null;
      return true;
    }
    const root = copy(this.get(name));
    const holder = descend(root, path, path.length - 1, name);
    if (typeof holder !== "object" || holder === null) return true;
    delete (holder as Record<Step, unknown>)[path[path.length - 1]!];
    this.#set(name, root);
    return true;
  }

  #set(name: string, value: unknown): void {
    if (typeof this.#code[name] === "function") {
      throw new NativeTypeError(`@${name} is a program, and cannot be set`);
    }
    const json = jsonFor(name, value);
    this.#values[name] = frozen(parse(json));
    this.#written[name] = json;
  }
}

/** The vals of the program that runs in this process. */
export const values: Values = new Values();

let secretOf: (name: string) => string | undefined = () => undefined;

/** The program has been given secrets, which are found so. */
export function findSecretsBy(find: (name: string) => string | undefined): void {
  secretOf = find;
}

/** Lets compiled code find them: it imports `thorp:vals`. */
export function installVals(api: (target: string, args: unknown[]) => Promise<unknown>): void {
  const vals = freeze({
    get: (name: string, spelled?: string, use?: string) =>
      spelled === undefined || use === undefined ? values.named(name) : values.getFor(name, spelled, use),
    at: (name: string, ...path: Step[]) => values.at(name, ...path),
    mutate: (name: string, path: readonly Step[], method: string, args: unknown[]) =>
      values.mutate(name, path, method, args),
    secret: (name: string) => secretOf(name),
    secretOf: (owner: string) => values.secretOf(owner),
    api: (target: string, ...args: unknown[]) => {
      const { whole, wait } = withoutPromises(args);
      const call = () => api(target, whole as unknown[]);
      return wait === null ? call() : after(wait, call);
    },
  });
  defineProperty(globalThis, Symbol.for("thorp.vals"), { value: vals });
}

async function after(wait: Promise<void>, call: () => Promise<unknown>): Promise<unknown> {
  await guard(wait);
  return await guard(call());
}

/** A value that allows a use; otherwise an error that has the text's name for it. */
export function usedAs(value: unknown, spelled: string, use: string, mayBeMissing: boolean): unknown {
  if (allowsUse(value, use)) return value;
  const isMissing = value === undefined && mayBeMissing;
  throw new NativeTypeError(`${lackOf(spelled, use, value)}${isMissing ? ": there is no such val" : ""}`);
}

/** Whether a value can be used so; the compiler has these words, and a name of a property behind a dot. */
function allowsUse(value: unknown, use: string): boolean {
  switch (use) {
    case "call":
      return typeof value === "function";
    case "new":
      return isConstructor(value);
    case "iterate":
      return value !== undefined && value !== null && typeof (value as Iterable<unknown>)[iterator] === "function";
    default:
      return value !== undefined && value !== null;
  }
}

function isConstructor(value: unknown): boolean {
  try {
    construct(NativeObject, [], value as new () => unknown);
    return true;
  } catch {
    return false;
  }
}

/** What is said of a value that does not allow a use. */
function lackOf(spelled: string, use: string, value: unknown): string {
  switch (use) {
    case "call":
      return `${spelled} is not a function`;
    case "new":
      return `${spelled} is not a constructor`;
    case "iterate":
      return `${spelled} is not iterable`;
    default: {
      const name = use.length > 1 ? `\`${slice(use, 1)}\`` : "a property";
      return `Cannot read ${name} of ${spelled}, which is ${value}`;
    }
  }
}

/** A value as a val can hold it. */
export function jsonFor(name: string, value: unknown): string {
  if (typeof value === "object" && value !== null && isPromise(value)) {
    throw new NativeTypeError(`@${name} cannot be set to a promise: write \`await\` before it`);
  }
  const result = resultOf(value);
  if (result.kind === "thrown") throw result.error;
  if (result.kind === "value") return result.json;
  const why = result.kind === "notJson" ? `${result.path}: ${result.reason}` : "$: it is undefined";
  throw new NativeTypeError(`@${name} cannot be set to what is not JSON: ${why}`);
}

/** What may be changed: kept values are frozen. */
export function copy(value: unknown): unknown {
  return value === undefined ? undefined : parse(toJson(value)!);
}

/** Follows the first steps of a path, as the language does. */
export function descend(root: unknown, path: readonly Step[], steps: number, name: string): unknown {
  let value = root;
  for (let index = 0; index < steps; index++) {
    if (value === undefined || value === null) {
      const step = String(path[index]);
      throw new NativeTypeError(`Cannot read \`${step}\` of ${placeText(name, path, index)}, which is ${value}`);
    }
    value = (value as Record<Step, unknown>)[path[index]!];
  }
  return value;
}

function placeText(name: string, path: readonly Step[], steps: number = path.length): string {
  let text = `@${name}`;
  for (let index = 0; index < steps; index++) {
    const step = path[index]!;
    text += typeof step === "number" ? `[${step}]` : `.${String(step)}`;
  }
  return text;
}

/** Freezes what was parsed, all of it. */
function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const names = keys(value);
  for (let index = 0; index < names.length; index++) frozen(get(value, names[index]!));
  return freeze(value);
}
