/**
 * The realm of code that is all of one user: it stays as Deno made it. A sandbox that takes in the code of other users has
 * `realm/realm.ts` in the place of this file.
 */

import type { Denial } from "./denial.ts";
import { get } from "./primordials.ts";

/** Makes the realm fit to be shared with foreign code; nothing to do here. */
export function hardenRealm(_denied: (denial: Denial) => void): void {}

/** What an error's `stack` says. */
export function stackOf(error: object): unknown {
  return get(error, "stack");
}
