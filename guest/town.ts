/** What `thorp:std` is made of: values that travelled with the run are here, everything else is asked of the host. */

import { type Calls, jsonOfArguments } from "./calls.ts";
import {
  defineProperty,
  freeze,
  guard,
  NativeTypeError,
  parse,
  slice,
  startsWith,
  toLowerCase,
} from "./primordials.ts";
import { jsonFor, values } from "./values.ts";

let author: string | undefined;

/** A run begins whose program is of this author. */
export function beginTown(name: string | undefined): void {
  author = name;
}

/** Lets `thorp:std` find it. Answers what calls a val through the town. */
export function installTown(calls: Calls): (target: string, args: unknown[]) => Promise<unknown> {
  const call = (operation: string, args: unknown[]) => calls.call(operation, args);
  const town = freeze({
    call,
    async api(target: unknown, args: unknown[]) {
      return await guard(call("api", [named(target), parse(jsonOfArguments(args))]));
    },
    email: (args: unknown[]) => calls.keep("email", args),
    async val(name: unknown) {
      const place = named(name);
      return values.get(place) ?? await guard(call("value", [place]));
    },
    async get(name: unknown) {
      const { place } = own(name);
      return values.isOurs(place) ? values.get(place) : values.get(place) ?? await guard(call("value", [place]));
    },
    async set(name: unknown, value: unknown) {
      const { place, spelled } = own(name);
      if (!values.isOurs(place)) return void await guard(call("set", [spelled, parse(jsonFor(spelled, value))]));
      values.at(place).value = value;
    },
    async delete(name: unknown) {
      const { place } = own(name);
      if (!values.isOurs(place)) return void await guard(call("delete", [place]));
      values.at(place).delete();
    },
    async update(name: unknown, change: (value: unknown) => unknown) {
      const { place, spelled } = own(name);
      if (values.isOurs(place)) {
        values.at(place).value = await change(values.get(place));
        return values.get(place);
      }
      const begun = await guard(call("update", [spelled])) as { ticket: number; value?: unknown };
      let changed;
      try {
        changed = parse(jsonFor(spelled, await change(begun.value)));
      } catch (error) {
        await guard(call("leave", [begun.ticket]));
        throw error;
      }
      await guard(call("commit", [begun.ticket, changed]));
      return changed;
    },
  });
  defineProperty(globalThis, Symbol.for("thorp.town"), { value: town });
  defineProperty(
    console,
    "email",
    {
      __proto__: null,
      configurable: true,
      enumerable: true,
      writable: true,
      value: (...args: unknown[]) => town.email(args),
    } as PropertyDescriptor,
  );
  return town.api;
}

/** `@bob/rate` as the host knows it. */
export function named(name: unknown): string {
  if (typeof name !== "string") throw new NativeTypeError("The name of a val is a string such as `@bob/rate`");
  return toLowerCase(startsWith(name, "@") ? slice(name, 1) : name);
}

function own(name: unknown): { place: string; spelled: string } {
  if (author === undefined) throw new NativeTypeError("A program without an author has no vals of its own");
  if (typeof name !== "string") throw new NativeTypeError("The name of a val is a string such as `total`");
  return { place: `${author}/${toLowerCase(name)}`, spelled: `${author}/${name}` };
}
