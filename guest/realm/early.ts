/**
 * What has to be in place before the rest of the guest takes what it uses of Deno: showing a value calls no function of the
 * value. Deno would call a value's own function for that with the objects around it, which may be those of another user.
 */

import nodeConsole from "node:console";
import nodeUtil from "node:util";

interface ConsoleInsides {
  Console: new (print: (text: string, level: number) => void) => Console;
}

const inspectByValue = Deno.inspect;

function inspectAsData(value: unknown, options?: Deno.InspectOptions): string {
  return inspectByValue(value, { ...options, customInspect: false } as Deno.InspectOptions);
}

/** Says the stack of an error once errors hide it. */
let errorStack: ((error: Error) => string) | null = null;

/** From now on, errors are shown with what this says of them. */
export function showErrorsBy(stack: (error: Error) => string): void {
  errorStack = stack;
}

/** What of `console` shows its arguments one after another. */
const SHOWING = ["log", "debug", "info", "warn", "error", "trace", "group", "groupCollapsed", "dirxml"];

function shown(value: unknown): unknown {
  const isObject = typeof value === "object" && value !== null || typeof value === "function";
  if (isObject && errorStack !== null && value instanceof Error) return errorStack(value);
  return isObject ? inspectAsData(value) : value;
}

function shownAll(values: unknown[]): unknown[] {
  const all = [];
  for (let index = 0; index < values.length; index++) all[index] = shown(values[index]);
  return all;
}

function consoleOfData(of: ConsoleInsides["Console"], print: (text: string, level: number) => void): Console {
  return withData(new of(print));
}

/** Has the methods of a console show by value. */
function withData(console: Console): Console {
  const native = console as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of SHOWING) {
    const method = native[name]!;
    native[name] = (...values) => method(...shownAll(values));
  }
  const { assert, timeLog } = native;
  native.assert = (condition, ...values) => assert!(condition, ...shownAll(values));
  native.timeLog = (label, ...values) => timeLog!(label, ...shownAll(values));
  native.dir = native.table = (value) => native.log!(value);
  return native as unknown as Console;
}

/** Puts showing by value in the place of what Deno has. */
function showAsData(): void {
  const insides = (Deno as unknown as Record<symbol, ConsoleInsides>)[
    (Deno as unknown as { internal: symbol }).internal
  ]!;
  const native = insides.Console;
  insides.Console = function (print: (text: string, level: number) => void) {
    return consoleOfData(native, print);
  } as unknown as ConsoleInsides["Console"];
  Deno.inspect = inspectAsData;
  nodeUtil.inspect.defaultOptions = { customInspect: false };
  withData(nodeConsole as unknown as Console);
}

showAsData();
