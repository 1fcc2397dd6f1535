// Owns a minimal HTTP/1.1 client: one keep-alive connection, one request at a time. It exists because a full client
// costs as much as the answers that are measured here. Knows only Content-Length and chunked bodies.
import net from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const HEAD_BYTES_MAX = 64 * 1024;

/** @param address what `net.connect` takes, e.g. `{ host, port }` or `{ path }` */
export function connect(address) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address);
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.removeListener("error", reject);
      resolve(new Connection(socket));
    });
  });
}

/** The bytes of a request, made once and sent often. */
export function requestBytes({ method, target, host, headers = {}, body = "" }) {
  const lines = Object.entries({ host, ...headers, "content-length": Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #waiting;

  constructor(socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  /** Sends the bytes and resolves with `{ status, headers, body }`. */
  send(bytes) {
    if (this.#waiting) throw new Error("a request is already under way on this connection");
    if (this.#socket.destroyed) throw new Error("the connection was closed");
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  get usable() {
    return !this.#socket.destroyed;
  }

  close() {
    this.#socket.destroy();
  }

  #receive(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let answer;
    try {
      answer = parseAnswer(this.#received);
    } catch (error) {
      this.#socket.destroy(error);
      return;
    }
    if (!answer || !this.#waiting) return;
    const { resolve } = this.#waiting;
    this.#received = this.#received.subarray(answer.length);
    this.#waiting = undefined;
    resolve(answer);
  }

  #fail(error) {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** The first complete answer in `bytes`, with the `length` it takes there, or undefined when more must come. */
export function parseAnswer(bytes) {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    if (bytes.length > HEAD_BYTES_MAX) throw new Error("the head of the answer is too long");
    return undefined;
  }
  const [statusLine, ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const headers = Object.fromEntries(lines.map(parseHeader));
  const body = parseBody(bytes, headEnd + HEAD_END.length, status, headers);
  return body && { status, headers, body: body.text, length: body.end };
}

function parseHeader(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function parseBody(bytes, start, status, headers) {
  if (status === 204 || status === 304) return { text: "", end: start };
  if (headers["transfer-encoding"] === "chunked") return parseChunks(bytes, start);
  if (headers["content-length"] === undefined) throw new Error("the answer has no length");
  const end = start + Number(headers["content-length"]);
  return bytes.length < end ? undefined : { text: bytes.toString("utf8", start, end), end };
}

function parseChunks(bytes, start) {
  const parts = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { text: Buffer.concat(parts).toString("utf8"), end };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = end;
  }
}

/** Keep-alive connections to one address, as many as there are requests at once. */
export class ConnectionPool {
  #address;
  #idle = [];

  constructor(address) {
    this.#address = address;
  }

  async send(bytes) {
    const kept = this.#take();
    if (!kept) return this.#sendOn(await connect(this.#address), bytes);
    try {
      return await this.#sendOn(kept, bytes);
    } catch {
      // The server may close an idle connection in the very moment that it is used.
      return this.#sendOn(await connect(this.#address), bytes);
    }
  }

  close() {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #sendOn(connection, bytes) {
    const answer = await connection.send(bytes);
    this.#idle.push(connection);
    return answer;
  }

  /** The newest connection that the server has not closed meanwhile. */
  #take() {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      if (connection.usable) return connection;
    }
    return undefined;
  }
}
