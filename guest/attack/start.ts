/** Starts a hardened realm as the guest does, from the files that the guest is made of. */

import "../../node_modules/ses/dist/ses.umd.min.js";
import "../realm/early.ts";
import { hardenRealm } from "../realm/realm.ts";

export { foreign } from "../realm/door.js";
export { hardenRealm };

const { args, exit, readTextFileSync } = Deno;
const { stdout } = Deno;
const { stringify } = JSON;
const encoder = new TextEncoder();

/** Which way a script was asked for. */
export const way = args[0];

/** The text of a file beside this one. */
export function textOf(name: string): string {
  return readTextFileSync(new URL(name, import.meta.url));
}

/** Says a thing and ends. */
export function say(value: unknown): void {
  stdout.writeSync(encoder.encode(stringify(value)));
  exit(0);
}

/** What fails later is part of what is tried. */
export function ignoreFailures(): void {
  for (const name of ["unhandledrejection", "error"]) addEventListener(name, (event) => event.preventDefault());
}

/** A console that says nothing. */
export function silence(): void {
  const all = console as unknown as Record<string, () => void>;
  for (const name of Object.keys(all)) if (typeof all[name] === "function") all[name] = () => {};
}
