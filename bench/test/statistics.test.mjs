import assert from "node:assert/strict";
import { test } from "node:test";
import { pairedRatio, percentile, ratioOfTurns, summarize } from "../lib/statistics.mjs";

test("a percentile is a sample, by the nearest rank", () => {
  const samples = Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.equal(percentile(samples, 0.5), 100);
  assert.equal(percentile(samples, 0.99), 198);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([], 0.5), undefined);
});

test("a summary keeps the rounds apart", () => {
  const summary = summarize([[1, 2, 3], [11, 12, 13]]);
  assert.deepEqual(summary, { count: 6, p50Micros: 3, p99Micros: 13, roundP50Micros: [2, 12] });
});

test("a ratio has the range of its rounds", () => {
  const found = pairedRatio(summarize([[2], [6]]), summarize([[4], [4]]));
  assert.deepEqual(found, { ratio: 0.5, lowest: 0.5, highest: 1.5 });
  assert.equal(pairedRatio(undefined, summarize([[1]])), undefined);
});

test("a ratio of rates is the median of its turns", () => {
  const turns = [80, 90, 10].map((above) => ({ above, below: 100 }));
  assert.deepEqual(ratioOfTurns(turns), { ratio: 0.8, lowest: 0.1, highest: 0.9 });
  assert.equal(ratioOfTurns(undefined), undefined);
});
