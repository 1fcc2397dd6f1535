import assert from "node:assert/strict";
import http from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { ConnectionPool, parseAnswer, requestBytes } from "../lib/http-client.mjs";

const echo = async (request, response) => {
  request.setEncoding("utf8");
  let body = "";
  for await (const text of request) body += text;
  response.setHeader("X-Method", request.method);
  if (request.url === "/chunked") {
    response.write("[");
    response.end(`${body}]`);
  } else {
    response.end(body);
  }
};

async function withServer(use) {
  const server = http.createServer(echo).listen(0, "127.0.0.1");
  await once(server, "listening");
  const pool = new ConnectionPool({ host: "127.0.0.1", port: server.address().port });
  try {
    await use(pool, server);
  } finally {
    pool.close();
    server.closeAllConnections();
    server.close();
  }
}

const post = (target, body) => requestBytes({ method: "POST", target, host: "test", body });

test("bodies with a length and in chunks arrive whole, many at once", () =>
  withServer(async (pool) => {
    const long = "é".repeat(200_000);
    const answers = await Promise.all([
      pool.send(post("/", "one")),
      pool.send(post("/chunked", "two")),
      pool.send(post("/chunked", long)),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
    assert.deepEqual(answers.slice(0, 2).map(({ body }) => body), ["one", "[two]"]);
    assert.ok(answers[2].body === `[${long}]`, "the long body is another");
    assert.equal(answers[0].headers["x-method"], "POST");
  }));

test("a connection that the server closed is replaced", () =>
  withServer(async (pool, server) => {
    assert.equal((await pool.send(post("/", "before"))).body, "before");
    server.closeAllConnections();
    assert.equal((await pool.send(post("/", "after"))).body, "after");
  }));

test("an unfinished answer is waited for, and one without a length refused", () => {
  assert.equal(parseAnswer(Buffer.from("HTTP/1.1 200 OK\r\ncontent-le")), undefined);
  assert.equal(parseAnswer(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab")), undefined);
  assert.equal(parseAnswer(Buffer.from("HTTP/1.1 204 No Content\r\n\r\n")).body, "");
  assert.throws(() => parseAnswer(Buffer.from("HTTP/1.1 200 OK\r\n\r\nx")), /no length/);
});
