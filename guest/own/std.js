/** What programs import as `thorp:std`. See `std.d.ts`. */
const town = globalThis[Symbol.for("thorp.town")];

/** Calls another val as its author, by the town: only JSON goes there and comes back. */
export const api = (target, ...args) => town.api(target, args);

/** Sends a mail to the user whose permissions the program has. */
export const email = (...args) => town.email(args);

/** The value of a val, now. */
export const val = (name) => town.val(name);

/** The vals of the program's author. */
export const me = Object.freeze({
  get: (name) => town.get(name),
  set: (name, value) => town.set(name, value),
  update: (name, change) => town.update(name, change),
  delete: (name) => town.delete(name),
});
