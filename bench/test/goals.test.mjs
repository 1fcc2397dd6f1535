import assert from "node:assert/strict";
import { test } from "node:test";
import { goals, judgeAll } from "../lib/goals.mjs";
import { summarize } from "../lib/statistics.mjs";

const row = (name, micros, turns = {}) => ({
  name,
  fresh: summarize([[micros, micros, micros]]),
  turns: Object.fromEntries(Object.entries(turns).map(([below, ratio]) => [below, [{ above: ratio, below: 1 }]])),
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
  check([{ name: "thorp-eval", error: "it broke" }, row("node-vm", 500)], []);
});

test("all goals of a fast town are met", () => {
  check(
    [row("thorp-eval", 400, { "bare-deno": 0.83 }), row("node-vm", 550), row("isolated-vm", 1800)],
    ["met", "met", "met", "met"],
  );
});

test("a slow town is told so", () => {
  check(
    [row("thorp-eval", 600, { "bare-deno": 0.52, "deno-http-worker": 1.1 }), row("node-vm", 550)],
    ["not met", "met", "not met", "not met"],
  );
});
