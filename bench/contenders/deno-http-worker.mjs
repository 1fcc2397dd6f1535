// A Deno process started on demand and driven from Node over HTTP, with all the package's options for a fast start.
import { packageVersion, programVersion } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

const SCRIPT = `export default { fetch: () => Response.json(${EXPRESSION}) }`;
const FLAGS = ["--no-config", "--no-lock", "--no-prompt"];

let deno;
let newDenoHTTPWorker;

function get(worker) {
  return new Promise((resolve, reject) => {
    const request = worker.request("http://evaluation/", {}, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text) => (body += text));
      response.on("end", () => resolve(body));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end();
  });
}

export default {
  name: "deno-http-worker",
  title: "`deno-http-worker`, a Deno process on demand",
  isolation: "a process, Deno's permissions",
  package: "@valtown/deno-http-worker",
  version: () => `${packageVersion("@valtown/deno-http-worker")}, ${programVersion(deno)}`,
  async start(settings) {
    deno = settings.deno;
    ({ newDenoHTTPWorker } = await import("@valtown/deno-http-worker"));
  },
  async evaluate() {
    const worker = await newDenoHTTPWorker(SCRIPT, {
      denoExecutable: deno,
      runFlags: [...FLAGS],
      next: { cacheBootstrap: true, fastReady: true, skipWarm: true },
    });
    try {
      return await get(worker);
    } finally {
      worker.terminate();
    }
  },
  // No process stays between two evaluations.
  pid: () => undefined,
  stop() {},
};
