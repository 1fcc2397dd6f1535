// Owns the arithmetic on samples. Knows nothing of contenders or reports.

/** The value below which `share` (0 to 1) of the samples lie, by the nearest rank. */
export function percentile(samples, share) {
  if (samples.length === 0) return undefined;
  const sorted = Float64Array.from(samples).sort();
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.max(rank, 1) - 1];
}

export const median = (samples) => percentile(samples, 0.5);

export const mean = (samples) => samples.reduce((sum, sample) => sum + sample, 0) / samples.length;

/** p50 and p99 of all rounds together, and the p50 of each round, which shows the drift. */
export function summarize(rounds) {
  const all = rounds.flat();
  return {
    count: all.length,
    p50Micros: percentile(all, 0.5),
    p99Micros: percentile(all, 0.99),
    roundP50Micros: rounds.filter((round) => round.length > 0).map(median),
  };
}

/** The ratio of two series taken in the same rounds, and the range that it had over them. */
export function pairedRatio(above, below) {
  if (above?.p50Micros === undefined || below?.p50Micros === undefined) return undefined;
  return { ratio: above.p50Micros / below.p50Micros, ...range(above.roundP50Micros, below.roundP50Micros) };
}

/** The median ratio of two rates that were measured in turns, and its range. */
export function ratioOfTurns(turns = []) {
  if (turns.length === 0) return undefined;
  const ratios = turns.map(({ above, below }) => above / below);
  return { ratio: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

function range(above, below) {
  const ratios = above.slice(0, below.length).map((value, index) => value / below[index]);
  return { lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}
