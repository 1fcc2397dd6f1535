/** What compiled code imports as `thorp:vals`: the guest has loaded it before the program. */
export const vals = globalThis[Symbol.for("thorp.vals")];
