/**
 * The realm of code that is all of one user: it stays as Deno made it. A sandbox that takes in the code of other users has
 * `realm/realm.ts` in the place of this file.
 */

import type { Denial } from "./denial.ts";
import { get } from "./primordials.ts";

/** What the town does for foreign code, which is named with each call. */
export interface ForeignTown {
  /** What a val holds that everybody may read. */
  value(name: string): unknown;
  /** Asks the host. */
  call(operation: string, args: unknown[], val: string): Promise<unknown>;
  /** Asks the host for what the run does not end before. */
  keep(operation: string, args: unknown[], val: string): Promise<unknown>;
}

/** Makes the realm fit to be shared with foreign code; nothing to do here. */
export function hardenRealm(_denied: (denial: Denial) => void, _town: ForeignTown): void {}

/** What an error's `stack` says. */
export function stackOf(error: object): unknown {
  return get(error, "stack");
}
