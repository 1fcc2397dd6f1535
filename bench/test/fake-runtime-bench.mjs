#!/usr/bin/env node
// Stands in for the program that measures Thorp's runtime crate: same options, same last line.
const count = Number(process.argv[process.argv.indexOf("--evaluations") + 1]);
const samples = Array.from({ length: count }, () => 300);
console.log("preparing");
console.log(JSON.stringify({ p50Micros: 300, p99Micros: 300, samples, sustainedPerSecond: 90, bareDenoPerSecond: 100 }));
