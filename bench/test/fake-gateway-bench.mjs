#!/usr/bin/env node
// Stands in for the program that measures the gateway: same last line.
const direct = { p50_micros: 50, requests_per_s: 20_000, mib_per_s: 1_000 };
const over = { p50_micros: 100, requests_per_s: 15_000, mib_per_s: 900 };
console.log(JSON.stringify({ direct, over, ...(process.argv[3] && { fetch: { direct, over } }) }));
