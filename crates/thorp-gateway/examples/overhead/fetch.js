// What a program sees: its own `fetch` to a server on this machine, directly and over the gateway, in turns.
// Arguments: the two servers' addresses, requests, and how many at once; then bytes of a small and of a large answer.
const [direct, over, ...numbers] = Deno.args;
const [requests, parallel, smallBytes, largeBytes, largeTurns] = numbers.map(Number);
const WARM_UP = 200;
const RATE_TURNS = 4;

/** Milliseconds to the last byte. */
async function ask(base, bytes) {
  const begun = performance.now();
  const answer = await fetch(`http://${base}/${bytes}`);
  const body = await answer.arrayBuffer();
  if (body.byteLength !== bytes) throw new Error(`${base} answered ${body.byteLength} bytes, not ${bytes}`);
  return performance.now() - begun;
}

async function many(base, count) {
  const one = async () => {
    for (let at = 0; at < count / parallel; at++) await ask(base, smallBytes);
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: parallel }, one));
  return performance.now() - begun;
}

const p50 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];

async function measure() {
  const small = { direct: [], over: [] };
  const large = { direct: [], over: [] };
  const rate = { direct: 0, over: 0 };
  const arms = [["direct", direct], ["over", over]];
  for (const [, base] of arms) for (let at = 0; at < WARM_UP; at++) await ask(base, smallBytes);
  for (let at = 0; at < requests; at++) {
    for (const [arm, base] of arms) small[arm].push(await ask(base, smallBytes));
  }
  for (let at = 0; at < largeTurns; at++) {
    for (const [arm, base] of arms) large[arm].push(await ask(base, largeBytes));
  }
  for (let turn = 0; turn < RATE_TURNS; turn++) {
    for (const [arm, base] of arms) rate[arm] += await many(base, requests);
  }
  const figures = (arm) => ({
    p50_micros: p50(small[arm]) * 1000,
    requests_per_s: RATE_TURNS * parallel * Math.ceil(requests / parallel) / (rate[arm] / 1000),
    mib_per_s: largeBytes / 2 ** 20 / (p50(large[arm]) / 1000),
  });
  return { direct: figures("direct"), over: figures("over") };
}

console.log(JSON.stringify(await measure()));
