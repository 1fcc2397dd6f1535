// Reaching a network, the host's sockets, and descriptors that somebody left open.
import dgram from "node:dgram";
import dns from "node:dns/promises";
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import tty from "node:tty";

const HOUR = 3_600_000;

const connected = (socket) =>
  new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("connect", () => resolve("connected"));
  });

const listening = (server, ...where) =>
  new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(...where, () => {
      server.close();
      resolve("listening");
    });
  });

const answered = (url) => (ground) =>
  fetch(url(ground)).then(({ status }) => `answered ${status}`);

const loopbacks = [
  "127.0.0.1",
  "localhost",
  "0.0.0.0",
  "127.1",
  "2130706433",
  "0x7f.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
];

export const attacks = {
  connect: ({ port }) =>
    Deno.connect({ hostname: "127.0.0.1", port }).then(() => "connected"),
  "connect-metadata": () =>
    Deno.connect({ hostname: "169.254.169.254", port: 80 }).then(() =>
      "connected"
    ),
  "connect-private": () =>
    Deno.connect({ hostname: "10.0.0.1", port: 80 }).then(() => "connected"),
  "connect-tls": ({ port }) =>
    Deno.connectTls({ hostname: "127.0.0.1", port }).then(() => "connected"),
  "connect-vsock": () =>
    Deno.connect({ transport: "vsock", cid: 2, port: 1 }).then(() =>
      "connected"
    ),
  "connect-group-socket": ({ outside }) =>
    Deno.connect({ transport: "unix", path: `${outside}/group.sock` }).then(
      () => "connected",
    ),
  "connect-open-socket": ({ outside }) =>
    Deno.connect({ transport: "unix", path: `${outside}/open.sock` }).then(() =>
      "connected"
    ),
  "connect-neighbour": ({ neighbour }) =>
    Deno.connect({ transport: "unix", path: `${neighbour}/socket` }).then(() =>
      "connected"
    ),
  "connect-abstract": ({ abstract }) =>
    Deno.connect({ transport: "unix", path: `\0${abstract}` }).then(() =>
      "connected"
    ),
  "connect-services": async () => {
    const paths = [
      "/run/docker.sock",
      "/run/dbus/system_bus_socket",
      "/run/nscd/socket",
    ];
    await Promise.any(
      paths.map((path) => Deno.connect({ transport: "unix", path })),
    ).catch((error) => {
      throw error.errors[0];
    });
    return "connected";
  },
  ...Object.fromEntries(
    loopbacks.map((
      name,
    ) => [`fetch ${name}`, answered(({ port }) => `http://${name}:${port}/`)]),
  ),
  "fetch-metadata": answered(() => "http://169.254.169.254/latest/meta-data/"),
  "fetch-public": answered(() => "http://198.51.100.1/"),
  "fetch-proxy": ({ port, outside }) => {
    const client = Deno.createHttpClient({
      proxy: { url: `http://127.0.0.1:${port}` },
    });
    return fetch(`http://${outside.length}.invalid/`, { client }).then((
      { status },
    ) => `answered ${status}`);
  },
  "fetch-proxy-socket": ({ outside }) => {
    const client = Deno.createHttpClient({
      proxy: { transport: "unix", path: `${outside}/group.sock` },
    });
    return fetch("http://x.invalid/", { client }).then(({ status }) =>
      `answered ${status}`
    );
  },
  "web-socket": ({ port }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      socket.onopen = () => resolve("connected");
      socket.onerror = (event) => reject(new Error(event.message));
    }),
  "node-connect": ({ port }) => connected(net.connect(port, "127.0.0.1")),
  "node-connect-socket": ({ outside }) =>
    connected(net.connect(`${outside}/group.sock`)),
  "node-connect-abstract": ({ abstract }) =>
    connected(net.connect(`\0${abstract}`)),
  "node-tls": ({ port }) => connected(tls.connect(port, "127.0.0.1")),
  "node-http": ({ port }) =>
    new Promise((resolve, reject) => {
      const request = http.get(`http://127.0.0.1:${port}/`, () =>
        resolve("answered"));
      request.on("error", reject);
      request.setTimeout(HOUR);
    }),
  "node-http-socket": ({ outside }) =>
    new Promise((resolve, reject) => {
      const request = http.get({
        socketPath: `${outside}/group.sock`,
        path: "/",
      }, () => resolve("answered"));
      request.on("error", reject);
    }),
  "node-http2": ({ port }) =>
    connected(http2.connect(`http://127.0.0.1:${port}`)),
  "node-datagram": ({ port }) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket("udp4");
      socket.on("error", reject);
      socket.send("x", port, "127.0.0.1", (error) =>
        error ? reject(error) : resolve("sent"));
    }),
  resolve: () =>
    Deno.resolveDns("example.com", "A").then((found) => found.join(" ")),
  "resolve-by": () =>
    Deno.resolveDns("example.com", "A", {
      nameServer: { ipAddr: "127.0.0.1", port: 53 },
    }).then((found) => found.join(" ")),
  "node-lookup": () => dns.lookup("localhost").then(({ address }) => address),
  "node-resolve": () =>
    dns.resolve4("example.com").then((found) => found.join(" ")),
  listen: () => {
    Deno.listen({ port: 0 }).close();
    return "listening";
  },
  "listen-loopback": () => {
    Deno.listen({ port: 0, hostname: "127.0.0.1" }).close();
    return "listening";
  },
  "listen-socket": ({ outside }) => {
    Deno.listen({ transport: "unix", path: `${outside}/open/made.sock` })
      .close();
    return "listening";
  },
  "listen-own": ({ own }) => {
    Deno.listen({ transport: "unix", path: `${own}/made.sock` }).close();
    return "listening";
  },
  "listen-vsock": () => {
    Deno.listen({ transport: "vsock", cid: 0xffff_ffff, port: 1 }).close();
    return "listening";
  },
  "listen-datagram": () => {
    Deno.listenDatagram({ transport: "udp", port: 0, hostname: "127.0.0.1" })
      .close();
    return "listening";
  },
  serve: async () => {
    const server = Deno.serve(
      { port: 0, onListen: () => {} },
      () => new Response("x"),
    );
    await server.shutdown();
    return "listening";
  },
  "node-listen": () => listening(net.createServer(), 0, "127.0.0.1"),
  "node-listen-any": () => listening(http.createServer(), 0),
  "node-listen-socket": ({ outside }) =>
    listening(net.createServer(), `${outside}/open/made-2.sock`),
  "descriptor-kinds": () => {
    // Deno has some of its own: pipes, sockets without a name, what epoll needs. No folder, no device, no file outside.
    const found = [];
    for (let number = 3; number <= 1024; number++) {
      let stat;
      try {
        stat = fs.fstatSync(number);
      } catch {
        continue;
      }
      if (
        stat.isDirectory() || stat.isBlockDevice() || stat.isCharacterDevice()
      ) found.push(number);
    }
    return found.join(" ");
  },
  "descriptor-reads": () => {
    for (let number = 32; number <= 1024; number++) {
      try {
        fs.readSync(number, new Uint8Array(1));
        return `read ${number}`;
      } catch (error) {
        if (number === 1024) throw error;
      }
    }
  },
  "descriptor-writes": () => {
    for (let number = 32; number <= 1024; number++) {
      try {
        fs.writeSync(number, "");
        return `wrote ${number}`;
      } catch (error) {
        if (number === 1024) throw error;
      }
    }
  },
  "descriptor-sockets": () => {
    // A socket of a closed number is no socket, however late it says so.
    const found = [];
    for (let number = 900; number <= 1024; number++) {
      try {
        const socket = new net.Socket({ fd: number });
        socket.on("error", () => {});
        socket.destroy();
        if (socket.remoteAddress) found.push(number);
      } catch {
        // It is closed.
      }
    }
    return found.join(" ");
  },
  "descriptor-terminals": () => {
    const found = [];
    for (let number = 0; number <= 1024; number++) {
      if (tty.isatty(number)) found.push(number);
    }
    return found.join(" ");
  },
};
