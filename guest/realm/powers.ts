/**
 * What foreign code has of the town: what anybody may, and nothing of whom it runs for. What it may not is `undefined` or
 * does nothing, and is told; the host hears with every call whose code asks.
 */

import { jsonOfArguments } from "../calls.ts";
import { apply, freeze, hasOwn, isArray, methodsOfArrays, parse, toLowerCase } from "../primordials.ts";
import type { ForeignTown } from "../realm.ts";
import { named } from "../town.ts";
import { copy, descend, usedAs } from "../values.ts";
import type { Asked } from "./stubs.ts";

type Key = string | number | symbol;
type Change = (value: unknown) => unknown;

const refused = (): Promise<never> => Promise.reject(new TypeError("There is no town here"));

/** For a realm without one. */
export const NO_TOWN: ForeignTown = { value: () => undefined, call: refused, keep: refused };

/** What one foreign val has, whoever wrote the code in it. */
export class Powers {
  #val: string;
  #town: ForeignTown;
  #denied: Asked;
  /** Code in the val that is named, and how to get it. */
  #code = new Map<string, () => unknown>();
  /** How the text spells what it names. */
  #names = new Map<string, string>();

  constructor(val: string, town: ForeignTown, denied: Asked) {
    this.#val = val;
    this.#town = town;
    this.#denied = denied;
  }

  /** What the script is given. */
  given(): object {
    return sealed({
      define: (name: string, read: () => unknown) => void this.#code.set(name, read),
      names: (names: Record<string, string>) => {
        for (const name of Object.keys(names)) this.#names.set(name, names[name]!);
      },
      vals: (author: string) => this.#vals(author),
      std: (author: string) => this.#std(author),
    });
  }

  /** Mail to the user whom the code runs for. */
  email = (...args: unknown[]): Promise<unknown> => this.#town.keep("email", args, this.#val);

  #known(name: string): unknown {
    const read = this.#code.get(name);
    return read === undefined ? this.#town.value(name) : read();
  }

  #get(name: string): unknown {
    const value = this.#known(name);
    if (value === undefined) this.#denied(this.#shown(name));
    return value;
  }

  async #ask(name: string): Promise<unknown> {
    const value = this.#known(name) ?? await this.#town.call("value", [name], this.#val);
    if (value === undefined) this.#denied(this.#shown(name));
    return value;
  }

  async #api(target: unknown, args: unknown[]): Promise<unknown> {
    return await this.#town.call("api", [named(target), parse(jsonOfArguments(args))], this.#val);
  }

  /** `bob/rate` as `@bob.rate`. */
  #shown(name: string): string {
    const [user, val] = `${name}`.split("/");
    return `@${user}.${this.#names.get(name) ?? val}`;
  }

  /** A place in a val: written in vain. */
  #at(name: string, path: Key[]): object {
    const read = () => descend(this.#get(name), path, path.length, name);
    const denied = (what: string) => this.#denied(what);
    const place = this.#shown(name) + path.map((key) => `[${JSON.stringify(String(key))}]`).join("");
    return freeze({
      get value(): unknown {
        return read();
      },
      set value(_: unknown) {
        denied(`${place} = …`);
      },
      delete(): boolean {
        denied(`delete ${place}`);
        return true;
      },
    });
  }

  /** What a method that changes an array answers, for a copy that nobody sees. */
  #mutate(name: string, path: readonly Key[], method: string, args: unknown[]): unknown {
    this.#denied(`${this.#shown(name)}.${method}(…)`);
    const value = this.#known(name);
    const array = value === undefined ? undefined : descend(copy(value), path, path.length, name);
    return isArray(array) && hasOwn(methodsOfArrays, method) ? apply(methodsOfArrays[method]!, array, args) : undefined;
  }

  #vals(author: string): object {
    return sealed({
      get: (name: string, spelled?: string, use?: string) => {
        const value = this.#get(name);
        return spelled === undefined || use === undefined ? value : usedAs(value, spelled, use, true);
      },
      at: (name: string, ...path: Key[]) => this.#at(name, path),
      mutate: (name: string, path: Key[], method: string, args: unknown[]) => this.#mutate(name, path, method, args),
      secret: (name: unknown) => this.#denied(shownSecret(author, name)),
      secretOf: (owner: string, name: unknown) => this.#denied(shownSecret(owner, name)),
      api: (target: unknown, ...args: unknown[]) => this.#api(target, args),
    });
  }

  #std(author: string): object {
    const own = (name: unknown) => `${author}/${toLowerCase(`${name}`)}`;
    const me = sealed({
      get: (name: unknown) => this.#ask(own(name)),
      set: async (name: unknown) => await this.#denied(`${this.#shown(own(name))} = …`),
      delete: async (name: unknown) => await this.#denied(`delete ${this.#shown(own(name))}`),
      update: async (name: unknown, change: Change) => {
        this.#denied(`${this.#shown(own(name))} = …`);
        return await change(await this.#ask(own(name)));
      },
    });
    return sealed({
      me,
      api: (target: unknown, ...args: unknown[]) => this.#api(target, args),
      email: this.email,
      val: async (name: unknown) => await this.#ask(named(name)),
    });
  }
}

function shownSecret(owner: string, name: unknown): string {
  return `@${owner}.secrets.${String(name)}`;
}

/** Freezes an object and the functions in it. */
function sealed<Thing extends object>(thing: Thing): Thing {
  for (const value of Object.values(thing)) freeze(value);
  return freeze(thing);
}
