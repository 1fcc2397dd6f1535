/**
 * The way from the small module that stands for a foreign val to the guest, which puts its function in here before any
 * user's code is loaded.
 */

let load;

/** Evaluates the script of a foreign val: its exports. */
export const foreign = (val, script) => load(val, script);

/** Puts the function in. The first one stays. */
export function install(value) {
  load ??= value;
}
