// Runs in Deno: a line of standard input is an expression as JSON text; answers with a line for each, in any order,
// after a worker of its own has evaluated it: `[number, answer]` for `[number, expression]`.
import { createInterface } from "node:readline";

function evaluate(expression) {
  const source = `self.postMessage(JSON.stringify(${expression}))`;
  const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
  return new Promise((resolve, reject) => {
    const worker = new Worker(url, { type: "module", deno: { permissions: "none" } });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.addEventListener("message", () => worker.terminate());
  }).finally(() => URL.revokeObjectURL(url));
}

const encoder = new TextEncoder();
for await (const line of createInterface({ input: process.stdin })) {
  const [number, expression] = JSON.parse(line);
  evaluate(expression).then((answer) => {
    Deno.stdout.writeSync(encoder.encode(`${JSON.stringify([number, answer])}\n`));
  });
}
