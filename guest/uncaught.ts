/** Errors that nobody caught end the run that they happened in. */

/** Calls `fail` with every rejection that nobody handled and every error that nobody caught. */
export function installUncaught(fail: (error: unknown) => void): void {
  const preventDefault = Event.prototype.preventDefault;
  const reason = getter(PromiseRejectionEvent.prototype, "reason");
  const error = getter(ErrorEvent.prototype, "error");
  const { apply } = Reflect;
  addEventListener("unhandledrejection", (event) => {
    apply(preventDefault, event, []);
    fail(apply(reason, event, []));
  });
  addEventListener("error", (event) => {
    apply(preventDefault, event, []);
    fail(apply(error, event, []));
  });
}

function getter(prototype: object, name: string): () => unknown {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new TypeError(`There is no \`${name}\` to read`);
  return get;
}
