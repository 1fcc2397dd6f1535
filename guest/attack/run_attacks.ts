/** Runs the attacks in a Compartment or, to see that they are attacks, in the realm itself. */

import { foreign, hardenRealm, ignoreFailures, say, silence, textOf, way } from "./start.ts";
import { attackAll } from "./owner.js";

const attacks = textOf("attacks.js");
const evaluate = eval;

ignoreFailures();
silence();
if (way === "compartment") hardenRealm(() => {});
const exports = way === "compartment"
  ? foreign("@bob/lib", attacks)
  : evaluate(`globalThis.harden = (value) => value; ${attacks}; thorpExports`);
say(await attackAll(exports, import.meta.url));
