/** One of the files that a sandbox imports to warm up. */
export default (value: number): number => value + 3;
