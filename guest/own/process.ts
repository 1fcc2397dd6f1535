/** `node:process` as a program's own modules import it: with the program's secrets in its environment. */

// @ts-expect-error its types say `export =`; it has named exports
export * from "node:process";
export { env, process as default } from "./env.ts";
