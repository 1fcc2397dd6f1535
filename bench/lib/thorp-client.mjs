// Owns how the bench talks to a running Thorp: the minimal client, the token, and the proof that runs are recorded.
import { readFileSync } from "node:fs";
import { ConnectionPool, requestBytes } from "./http-client.mjs";

const HTTP_PORT = 80;

export class Thorp {
  #host;
  #headers;
  #connections;

  constructor({ thorpUrl, thorpTokenFile }) {
    const url = new URL(thorpUrl);
    if (url.protocol !== "http:") throw new Error("`--thorp-url` must be an http URL on this machine");
    const token = readFileSync(thorpTokenFile, "utf8").trim();
    this.#host = url.host;
    this.#headers = { authorization: `Bearer ${token}` };
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    this.#connections = new ConnectionPool({ host: hostname, port: Number(url.port || HTTP_PORT) });
  }

  /** The bytes of `POST /v1/eval`. */
  evalRequest(code) {
    return this.request("POST", "/v1/eval", { code });
  }

  /** The bytes of a request, as the bench's own user unless a token is given. */
  request(method, target, body, token) {
    const who = token ? { authorization: `Bearer ${token}` } : this.#headers;
    const headers = { ...who, ...(body && { "content-type": "application/json" }) };
    return requestBytes({ method, target, host: this.#host, headers, body: body && JSON.stringify(body) });
  }

  /** The body of an answer that is no failure. */
  async answer(bytes) {
    const { status, body } = await this.#send(bytes);
    if (status >= 300) throw new Error(`Thorp answered ${status}: ${body}`);
    return body;
  }

  /** Fails unless the run behind an answer can be read afterwards. */
  async proveRecorded(bytes) {
    const { status, headers, body } = await this.#send(bytes);
    if (status !== 200) throw new Error(`Thorp answered ${status}: ${body}`);
    const run = headers["x-thorp-run"];
    if (!run) throw new Error("the answer names no run (`X-Thorp-Run`)");
    const record = JSON.parse(await this.answer(this.request("GET", `/v1/runs/${run}`)));
    if (record.status !== "ok") throw new Error(`the run ${run} is recorded as \`${record.status}\``);
  }

  async version() {
    const { version } = JSON.parse(await this.answer(this.request("GET", "/healthz")));
    return `Thorp ${version}`;
  }

  close() {
    this.#connections.close();
  }

  #send(bytes) {
    return this.#connections.send(bytes);
  }
}

/** A contender that sends what `request(thorp, n)` makes and resolves with the body; `prepare(thorp)` comes first. */
export function thorpContender({ request, prepare = () => {}, fixed = false, ...properties }) {
  let thorp;
  let always;
  return {
    isolation: "a process in a jail of tier A, never used twice",
    // Beyond the number of cores, so that an answer on its way back leaves no core idle.
    parallelisms: [1, 2, 4, 8],
    missing: ({ thorpUrl, thorpTokenFile }) =>
      thorpUrl && thorpTokenFile ? undefined : "`--thorp-url` and `--thorp-token-file` were not given",
    pid: ({ thorpPid }) => thorpPid,
    version: () => thorp.version(),
    async start(settings) {
      thorp = new Thorp(settings);
      await prepare(thorp);
      const first = request(thorp, 0);
      if (fixed) always = first;
      await thorp.proveRecorded(first);
    },
    evaluate: (n) => thorp.answer(always ?? request(thorp, n)),
    stop: () => thorp?.close(),
    ...properties,
  };
}
