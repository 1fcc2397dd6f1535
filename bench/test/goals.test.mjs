import assert from "node:assert/strict";
import { test } from "node:test";
import { goals, judgeAll } from "../lib/goals.mjs";
import { summarize } from "../lib/statistics.mjs";

const row = (name, micros, perSecond) => ({
  name,
  fresh: summarize([[micros, micros, micros]]),
  best: perSecond && { perSecond, passes: [perSecond], parallelism: 2 },
});

function check(rows, expected) {
  const verdicts = judgeAll(rows).map(({ verdict }) => verdict);
  assert.deepEqual(verdicts.filter((verdict) => verdict !== "not measured"), expected);
}

test("nothing measured is nothing met", () => {
  check([], []);
  assert.equal(judgeAll([]).length, goals.length);
});

test("a row with an error counts as not measured", () => {
  check([{ name: "thorp-eval", error: "it broke" }, row("node-vm", 500, 2000)], []);
});

test("all goals of a fast town are met", () => {
  check(
    [row("thorp-eval", 400, 95), row("node-vm", 550, 1900), row("isolated-vm", 1800), row("bare-deno", 16_000, 115)],
    ["met", "met", "met", "met"],
  );
});

test("a slow town is told so", () => {
  check(
    [row("thorp-eval", 600, 60), row("node-vm", 550), row("bare-deno", 16_000, 115), row("deno-http-worker", 29_000, 55)],
    ["not met", "met", "not met", "not met"],
  );
});
