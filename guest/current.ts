/**
 * Which run what happens now is of. A sandbox has one run at a time, unless it answers web requests: then each of them is a run,
 * and what happens is found by the engine's own context.
 */

/** A run that has begun. */
export interface Current {
  readonly id: Uint8Array;
  /** The bytes of log text that it may still send. */
  logBytesLeft: number;
  /** What foreign code asked for in vain and was told, and how much that is. */
  denied?: Record<string, true>;
  denials?: number;
  /** Lets it not end before a promise has settled; without it, the run waits by itself. */
  readonly keep?: (promise: Promise<unknown>) => void;
}

let loneRun: Current | null = null;
let findRun: () => Current | null = () => loneRun;

/** The run that what happens now is of, if it is of any. */
export function currentRun(): Current | null {
  return findRun();
}

/** The one run begins, or ends. */
export function setLoneRun(run: Current | null): void {
  loneRun = run;
}

/** From now on there is not one run at a time. */
export function findRunsBy(find: () => Current | null): void {
  findRun = find;
}
