/** Why a run has no value, as JSON text for the host. Nothing in here throws, whatever was thrown. */

import { inspect } from "./internals.ts";
import { get, quote, slice, String_ } from "./primordials.ts";
import { stackOf } from "./realm.ts";

/** Characters of an error's name, message and stack, each. */
const ERROR_TEXT_LENGTH_MAX = 16 << 10;

/** The failure of a program that threw `thrown`. */
export function thrownFailure(thrown: unknown): string {
  const message = text(thrown, "message");
  const name = text(thrown, "name") ?? "Error";
  const stack = text(thrown, "stack", stackOf);
  return `{"kind":"thrown","name":${cut(name)},"message":${cut(message ?? display(thrown))},"stack":${
    stack === null ? "null" : cut(stack)
  }}`;
}

/** An error as a line of a log. */
export function faultText(thrown: unknown): string {
  const text_ = text(thrown, "stack", stackOf) ?? display(thrown);
  return text_.length > ERROR_TEXT_LENGTH_MAX ? slice(text_, 0, ERROR_TEXT_LENGTH_MAX) : text_;
}

/** The failure of a program whose value at `path` JSON cannot express. */
export function notJsonFailure(path: string, reason: string): string {
  return `{"kind":"notJson","path":${cut(path)},"reason":${cut(reason)}}`;
}

/** The failure of a program whose result is too large. */
export const TOO_LARGE_FAILURE = `{"kind":"tooLarge"}`;

function text(thrown: unknown, name: string, read: (of: object, name: string) => unknown = get): string | null {
  if ((typeof thrown !== "object" && typeof thrown !== "function") || thrown === null) return null;
  try {
    const value = read(thrown, name);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}

function display(thrown: unknown): string {
  try {
    return typeof thrown === "string" ? thrown : String_(inspect(thrown));
  } catch {
    return "a value that cannot be shown";
  }
}

function cut(text: string): string {
  return quote(text.length > ERROR_TEXT_LENGTH_MAX ? slice(text, 0, ERROR_TEXT_LENGTH_MAX) : text);
}
