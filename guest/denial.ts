/** What a foreign val asked for and did not get. */
export interface Denial {
  /** The foreign val. */
  readonly val: string;
  /** What it asked for, as it would be written. */
  readonly asked: string;
  /** The line of its text, if known. */
  readonly line: number | null;
  /** And the column. */
  readonly column: number | null;
}
