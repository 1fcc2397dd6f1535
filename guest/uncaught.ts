/** Errors that nobody caught end the run that they happened in. */

import { apply, getter } from "./primordials.ts";

/** Calls `fail` with every rejection that nobody handled and every error that nobody caught. */
export function installUncaught(fail: (error: unknown) => void): void {
  const preventDefault = Event.prototype.preventDefault;
  const reason = getter<Event, unknown>(PromiseRejectionEvent.prototype, "reason");
  const error = getter<Event, unknown>(ErrorEvent.prototype, "error");
  addEventListener("unhandledrejection", (event) => {
    apply(preventDefault, event, []);
    fail(apply(reason, event, []));
  });
  addEventListener("error", (event) => {
    apply(preventDefault, event, []);
    fail(apply(error, event, []));
  });
}
