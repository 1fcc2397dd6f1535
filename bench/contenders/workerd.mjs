// workerd with dynamically loaded workers: one server process, a new worker (V8 isolate) for each request.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch, whenReady } from "../lib/children.mjs";
import { ConnectionPool, requestBytes } from "../lib/http-client.mjs";
import { programVersion, WORKERD, WORKERD_PACKAGE } from "../lib/packages.mjs";
import { EXPRESSION } from "../lib/work.mjs";

const READY_MILLIS_MAX = 10_000;
const CONFIG = fileURLToPath(new URL("./guests/workerd.capnp", import.meta.url));
const REQUEST = requestBytes({ method: "POST", target: "/", host: "bench", body: EXPRESSION });

let server;
let connections;

async function evaluate() {
  const { status, body } = await connections.send(REQUEST);
  if (status !== 200) throw new Error(`workerd answered ${status}: ${body}`);
  return body;
}

export default {
  name: "workerd",
  title: "`workerd`, dynamic worker, over HTTP",
  isolation: "an isolate in a shared process",
  package: WORKERD_PACKAGE,
  version: () => programVersion(WORKERD),
  async start({ scratch }) {
    const socket = path.join(scratch, "workerd.sock");
    server = launch(WORKERD, ["serve", "--experimental", CONFIG, `--socket-addr=http=unix:${socket}`]);
    connections = new ConnectionPool({ path: socket });
    await whenReady(server, READY_MILLIS_MAX, evaluate);
  },
  evaluate,
  stop() {
    connections?.close();
    server?.child.kill("SIGKILL");
  },
};
