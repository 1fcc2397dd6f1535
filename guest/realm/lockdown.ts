/** Hardened JavaScript: the language's own objects, frozen. Every option is said, whatever the default is. */

declare const lockdown: (options: Record<string, string>) => void;
declare const getStackString: (error: unknown) => string;

const LOCKDOWN = {
  // Stacks name the files of other users' code; the guest reads them by a function that it takes away.
  errorTaming: "safe",
  stackFiltering: "verbose",
  // The default changes what `toLocaleString` says.
  localeTaming: "unsafe",
  errorTrapping: "none",
  unhandledRejectionTrapping: "none",
  // What assigns over an inherited method goes on working.
  overrideTaming: "severe",
  evalTaming: "unsafe-eval",
  domainTaming: "unsafe",
  consoleTaming: "unsafe",
  regExpTaming: "safe",
  reporting: "none",
};

/** What lockdown adds to the global, and code that was written without it does not expect. */
const ADDED = ["lockdown", "repairIntrinsics", "Compartment", "assert", "harden", "getStackString"];

let stackString: (error: unknown) => string = () => "";

/** Freezes the language's own objects. */
export function lockDown(): void {
  lockdown(LOCKDOWN);
  stackString = getStackString;
}

/** Takes away what lockdown added to the global. */
export function removeAdded(): void {
  for (const name of ADDED) delete (globalThis as Record<string, unknown>)[name];
}

/** An error's stack, which lockdown hides, as the engine writes it. */
export function stackText(error: object): string {
  const frames = stackString(error).replace(/^ *at /gm, "    at ").replace(/(\(| at )\//g, "$1file:///");
  const text = `${headOf(error)}\n${frames}`;
  return text.replace(/\n{2,}/g, "\n").trimEnd();
}

function headOf(error: object): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error";
  }
}
