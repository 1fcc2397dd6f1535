/** What the host asks for, and how it becomes a value. */

import type { Secret } from "./own/env.ts";
import { withoutPromises } from "./promises.ts";
import { findSecretsBy, values } from "./values.ts";
import { apply, AsyncFunction, guard, NativePromise, NativeTypeError, sourceOf, startsWith } from "./primordials.ts";

/** The payload of a `Run` frame. */
export interface Request {
  readonly program: Body | Module;
  /** `null` if a function is not to be called, and is no value then. */
  readonly args: unknown[] | null;
  /** What vals hold that the program names. */
  readonly values?: Record<string, unknown>;
  /** Those that the run may write. */
  readonly writable?: readonly string[];
  /** What vals hold that foreign code may read. */
  readonly foreign?: Record<string, unknown>;
  /** The name of the program's author, in lower case. */
  readonly author?: string;
  /** Whether another user's val or secret that the program may not have is an error, and not `undefined`. */
  readonly strict: boolean;
  /** Whether the host may call the program again: the guest then says if it can be. */
  readonly kept: boolean;
  /** What own modules find in their environment; none for a program that is loaded, which has them. */
  readonly secrets: readonly Secret[];
  /** Names of secrets that packages don't see and may ask for. */
  readonly withheld: readonly string[];
}

/** The body of an async function whose value is the program's. */
interface Body {
  readonly kind: "body";
  readonly code: string;
  readonly url: string;
}

/** A file whose export is the program's value; without a name, the program has none. */
export interface Module {
  readonly kind: "module";
  readonly url: string;
  readonly export: string | null;
  /** Whether promises inside of its value are waited for, too. */
  readonly deep?: boolean;
  /** Loaded before it, for those that name them. */
  readonly vals?: readonly Val[];
}

/** A val that is a part of a program. */
interface Val {
  readonly name: string;
  readonly url: string;
  readonly export: string | null;
}

/**
 * Runs a program: its value, or what its value returns if it is a function, which is told first. A promise is waited for.
 * A module that was loaded before is not loaded again.
 */
export async function evaluate(
  request: Request,
  isFunction: () => void,
  note: (text: string) => void,
): Promise<unknown> {
  const { program, args } = request;
  const own = await guard(ownFor(request, note));
  const value = program.kind === "body" ? await guard(bodyValue(program, own)) : await guard(moduleValue(program));
  if (typeof value !== "function") {
    return args === null && answersRequests(value) ? undefined : await guard(settled(program, value));
  }
  isFunction();
  if (args === null) return undefined;
  // Called first: a promise that calls would be in the program's stacks.
  const returned = callValue(value as (...args: unknown[]) => unknown, args);
  const given = new NativePromise<unknown>((resolve) => resolve(returned));
  return await guard(settled(program, await guard(given)));
}

/** A value that is no promise, without those inside of it where the program's dialect waits for them. */
async function settled(program: Body | Module, value: unknown): Promise<unknown> {
  if (program.kind === "body" || program.deep !== true) return value;
  const { whole, wait } = withoutPromises(value);
  if (wait !== null) await guard(wait);
  return whole;
}

/** Loads a program that is called later, and answers its value. */
export async function load(
  program: Module,
  given: Given,
  note: (text: string) => void,
): Promise<unknown> {
  await guard(ownFor(given, note));
  return await guard(moduleValue(program));
}

/** What a program is given beside its arguments. */
export interface Given {
  readonly secrets: readonly Secret[];
  readonly withheld: readonly string[];
}

async function ownFor({ secrets, withheld }: Given, note: (text: string) => void): Promise<Own | null> {
  if (secrets.length + withheld.length === 0) return null;
  const own = await guard(ownModule());
  own.install(secrets, withheld, note);
  findSecretsBy(own.secret);
  return own;
}

/** Whether a value answers web requests: then it is a program, as a function is. */
function answersRequests(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { fetch?: unknown }).fetch === "function";
}

type Own = typeof import("./own/env.ts");

// Not by `URL`, which takes five milliseconds of a start to load.
const OWN_URL = `${import.meta.url.slice(0, import.meta.url.lastIndexOf("/"))}/own/env.ts`;

/** What a program's modules have as `Deno` and `process`: the same module as theirs. Most programs need none. */
async function ownModule(): Promise<Own> {
  return await guard(import(OWN_URL) as Promise<Own>);
}

function bodyValue(body: Body, own: Own | null): Promise<unknown> {
  const code = `${body.code}\n//# sourceURL=${body.url}`;
  return own === null ? new AsyncFunction(code)() : new AsyncFunction("Deno", "process", code)(own.Deno, own.process);
}

async function moduleValue(module: Module): Promise<unknown> {
  const vals = module.vals ?? [];
  for (let index = 0; index < vals.length; index++) {
    const val = vals[index]!;
    if (!values.knows(val.name)) values.define(val.name, await guard(exportOf(val)));
  }
  return await guard(exportOf(module));
}

async function exportOf(module: Module | Val): Promise<unknown> {
  // A computed import: as part of the static graph, Deno would read any local file without asking for permission.
  const namespace: Record<string, unknown> = await guard(import(module.url));
  if (module.export === null) return undefined;
  if (!(module.export in namespace)) throw new NativeTypeError(`The module has no export \`${module.export}\``);
  return namespace[module.export];
}

function callValue(value: (...args: unknown[]) => unknown, args: unknown[]): unknown {
  if (startsWith(sourceOf(value), "class")) {
    throw new NativeTypeError("The value is a class, which cannot be called; export a function or a value");
  }
  return apply(value, undefined, args);
}
