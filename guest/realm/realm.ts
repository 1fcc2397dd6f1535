/**
 * The realm that the code of several users shares: made fit for that before any of it is there.
 *
 * The global keeps `Deno` and `process`: Deno's own modules (`node:os`, `node:path`, `node:crypto`, `node:events`) look
 * there for them whenever they are used. What keeps foreign code from them is that nothing leads it to the global.
 */

import { showErrorsBy } from "./early.ts";
import { sharedEndowments } from "./endowments.ts";
import { ForeignVals } from "./foreign.ts";
import { Freezer } from "./freeze.ts";
import { oneOfEach } from "./instances.ts";
import { lockDown, removeAdded, stackText } from "./lockdown.ts";
import { NO_TOWN } from "./powers.ts";
import { replaceStrategies, wrapEventTarget, wrapTimeout } from "./wrap.ts";
import { install } from "./door.js";
import type { Denial } from "../denial.ts";
import type { ForeignTown } from "../realm.ts";

const DUMMY = "var thorpExports = (() => ({ value: new URL('http://localhost/').href }))();";

/** Makes the realm fit to be shared with foreign code, which has a part of the town. */
export function hardenRealm(denied: (denial: Denial) => void, town: ForeignTown = NO_TOWN): void {
  wrapEventTarget();
  wrapTimeout();
  replaceStrategies();
  lockDown();
  showErrorsBy(stackText);
  const shared = sharedEndowments();
  const freezer = new Freezer();
  for (const value of Object.values(shared)) freezer.freeze(value);
  const others = oneOfEach();
  for (const one of oneOfEach()) freezer.freezeCommon(one, others.next().value);
  const vals = new ForeignVals(shared, fetch, town, denied);
  removeAdded();
  vals.load("@thorp/dummy", DUMMY);
  install(vals.load);
}

/** An error's stack, which lockdown hides from programs. */
export function stackOf(error: object): unknown {
  return stackText(error);
}
