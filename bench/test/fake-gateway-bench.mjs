#!/usr/bin/env node
// Stands in for the program that measures the gateway: same last line.
console.log(JSON.stringify({
  direct_p50_micros: 50,
  gateway_p50_micros: 100,
  direct_requests_per_s: 20_000,
  gateway_requests_per_s: 15_000,
  direct_mib_per_s: 1_000,
  gateway_mib_per_s: 900,
}));
