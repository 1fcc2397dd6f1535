// Reading and writing files of the host, by every interface that takes a path.
import fs from "node:fs";
import { createRequire } from "node:module";
import { backup, DatabaseSync } from "node:sqlite";

const PASSWD = "/etc/passwd";

// Only what is really read counts.
const secret = (text) =>
  /root:|the host's secret|neighbour's code/.test(String(text))
    ? String(text).slice(0, 40)
    : "";

const decode = (bytes) => secret(new TextDecoder().decode(bytes));

async function first(...attacks) {
  let last;
  for (const attack of attacks) {
    try {
      const reached = await attack();
      if (reached) return reached;
    } catch (error) {
      last = error;
    }
  }
  if (last) throw last;
}

const module = (text) =>
  import(`data:application/javascript,${encodeURIComponent(text)}`);

const imported = (url, type) =>
  module(
    `import it from ${
      JSON.stringify(url)
    } with { type: "${type}" }; export default it;`,
  )
    .then(({ default: it }) =>
      typeof it === "string" ? secret(it) : decode(it)
    );

// Its memory is needed for the next one.
async function worker(code) {
  const url = `data:application/javascript,${encodeURIComponent(code)}`;
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(secret(data));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
  } finally {
    worker.terminate();
  }
}

export const attacks = {
  readTextFile: () => Deno.readTextFile(PASSWD).then(secret),
  readTextFileSync: () => secret(Deno.readTextFileSync(PASSWD)),
  readFile: () => Deno.readFile(PASSWD).then(decode),
  open: async () => {
    using file = await Deno.open(PASSWD);
    const bytes = new Uint8Array(64);
    await file.read(bytes);
    return decode(bytes);
  },
  host: ({ outside }) => Deno.readTextFile(`${outside}/secret`).then(secret),
  neighbour: ({ neighbour }) =>
    Deno.readTextFile(`${neighbour}/code`).then(secret),
  "node-readFile": () => secret(fs.readFileSync(PASSWD, "utf8")),
  "node-promises": () => fs.promises.readFile(PASSWD, "utf8").then(secret),
  "node-stream": async () => {
    let text = "";
    for await (const chunk of fs.createReadStream(PASSWD)) text += chunk;
    return secret(text);
  },
  "node-buffer-path": () =>
    secret(fs.readFileSync(Buffer.from(PASSWD), "utf8")),
  "node-url": () =>
    secret(fs.readFileSync(new URL(`file://${PASSWD}`), "utf8")),
  "node-openAsBlob": async () =>
    secret(await (await fs.openAsBlob(PASSWD)).text()),
  "node-copy": ({ outside, scratch }) => {
    fs.copyFileSync(`${outside}/secret`, `${scratch}/copy`);
    return secret(fs.readFileSync(`${scratch}/copy`, "utf8"));
  },
  "node-cp": ({ outside, scratch }) => {
    fs.cpSync(`${outside}/secret`, `${scratch}/copy-2`);
    return secret(fs.readFileSync(`${scratch}/copy-2`, "utf8"));
  },
  copyFile: async ({ outside, scratch }) => {
    await Deno.copyFile(`${outside}/secret`, `${scratch}/copy-3`);
    return secret(await Deno.readTextFile(`${scratch}/copy-3`));
  },
  readDir: () =>
    first(
      ...["/etc", "/boot", "/sys"].map((path) => () =>
        [...Deno.readDirSync(path)].length
      ),
    ),
  "node-opendir": () => fs.opendirSync("/etc").readSync()?.name,
  "node-readdir": () => fs.readdirSync("/etc", { recursive: true }).length,
  realPath: () =>
    first(
      () => Deno.realPath("/etc/alternatives"),
      () => fs.realpathSync.native("/etc/mtab"),
    ),
  stat: ({ outside }) =>
    Deno.stat(`${outside}/secret`).then((found) => `${found.size} bytes`),
  "import-text": () => imported(`file://${PASSWD}`, "text"),
  "import-bytes": () => imported(`file://${PASSWD}`, "bytes"),
  "import-json": async ({ outside }) => {
    const { default: it } = await import(`file://${outside}/secret.json`, {
      with: { type: "json" },
    });
    return secret(it);
  },
  "import-computed": async ({ outside }) =>
    secret((await import(`${"file"}://${outside}/secret.mjs`)).default),
  "import-static": async ({ outside }) =>
    secret(
      (await module(`export { default } from "file://${outside}/secret.mjs";`))
        .default,
    ),
  "import-blob": async ({ outside }) => {
    const code = `export { default } from "file://${outside}/secret.mjs";`;
    const url = URL.createObjectURL(
      new Blob([code], { type: "application/javascript" }),
    );
    return secret((await import(url)).default);
  },
  "import-worker": ({ outside }) =>
    worker(`import it from "file://${outside}/secret.mjs"; postMessage(it);`),
  "worker-reads": () =>
    worker(`try { postMessage(Deno.readTextFileSync("${PASSWD}")); }
      catch (error) { postMessage(error.message); }`),
  fetch: () =>
    fetch(`file://${PASSWD}`).then((answer) => answer.text()).then(secret),
  "fetch-encoded": () =>
    fetch("file:///%65tc/%70asswd").then((answer) => answer.text()).then(
      secret,
    ),
  require: ({ outside }) =>
    secret(createRequire("file:///x.mjs")(`${outside}/secret.json`)),
  "require-code": ({ outside }) =>
    secret(createRequire("file:///x.mjs")(`${outside}/secret.cjs`)),
  "require-resolve": ({ outside }) =>
    createRequire("file:///x.mjs").resolve(`${outside}/secret.json`),
  "sqlite-open": ({ outside }) => {
    new DatabaseSync(`${outside}/open/made.db`).exec("CREATE TABLE t (a)");
    return "made a database";
  },
  "sqlite-attach": ({ outside }) => {
    const database = new DatabaseSync(":memory:");
    database.exec(
      `ATTACH '${outside}/open/attached.db' AS it; CREATE TABLE it.t (a)`,
    );
    return "made a database";
  },
  "sqlite-attach-url": ({ outside }) => {
    const database = new DatabaseSync(":memory:");
    database.exec(
      `ATTACH 'file:${outside}/open/url.db?mode=rwc' AS it; CREATE TABLE it.t (a)`,
    );
    return "attached";
  },
  "sqlite-vacuum": ({ outside }) => {
    new DatabaseSync(":memory:").exec(
      `VACUUM INTO '${outside}/open/vacuumed.db'`,
    );
    return "wrote a database";
  },
  "sqlite-backup": async ({ outside }) => {
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE t (a)");
    await backup(database, `${outside}/open/backup.db`);
    return "wrote a database";
  },
  "sqlite-extension": ({ outside }) => {
    const database = new DatabaseSync(":memory:", { allowExtension: true });
    database.loadExtension(`${outside}/library.so`);
    return "loaded";
  },
  loadEnvFile: ({ outside }) => {
    process.loadEnvFile(`${outside}/secret.env`);
    return process.env.SECRET;
  },
  wasi: async ({ outside }) => {
    const { WASI } = await import("node:wasi");
    const wasi = new WASI({ version: "preview1", preopens: { "/": outside } });
    return wasi.wasiImport.path_open &&
      secret(fs.readFileSync(`${outside}/secret`, "utf8"));
  },
  symlink: async ({ outside, scratch }) => {
    await Deno.symlink(`${outside}/secret`, `${scratch}/link`);
    return secret(await Deno.readTextFile(`${scratch}/link`));
  },
  "symlink-folder": async ({ scratch }) => {
    await Deno.symlink("/", `${scratch}/all`);
    return secret(await Deno.readTextFile(`${scratch}/all/etc/passwd`));
  },
  "symlink-there": ({ own }) =>
    Deno.readTextFile(`${own}/link-out`).then(secret),
  "symlink-neighbour": ({ own }) =>
    Deno.readTextFile(`${own}/link-neighbour`).then(secret),
  "symlink-proc": ({ own }) => Deno.readTextFile(`${own}/link-proc`),
  link: async ({ outside, scratch }) => {
    await Deno.link(`${outside}/secret`, `${scratch}/hard`);
    return secret(await Deno.readTextFile(`${scratch}/hard`));
  },
  "link-write": async ({ deps, scratch }) => {
    await Deno.link(`${deps}/open`, `${scratch}/hard-2`);
    await Deno.writeTextFile(`${scratch}/hard-2`, "changed");
    return "written";
  },
  writeTextFile: ({ outside }) =>
    Deno.writeTextFile(`${outside}/open/written`, "x").then(() => "written"),
  "write-own": ({ own }) =>
    Deno.writeTextFile(`${own}/code`, "x").then(() => "written"),
  "write-shared": ({ deps }) =>
    Deno.writeTextFile(`${deps}/open`, "x").then(() => "written"),
  "write-program": ({ program }) =>
    Deno.open(program, { write: true }).then(() => "open for writing"),
  "remove-own": ({ own }) =>
    Deno.remove(`${own}/link-proc`).then(() => "removed"),
  "remove-socket": ({ own }) =>
    Deno.remove(`${own}/socket`).then(() => "removed"),
  "rename-shared": ({ deps }) =>
    Deno.rename(`${deps}/library`, `${deps}/other`).then(() => "renamed"),
  chmod: ({ own }) => Deno.chmod(`${own}/code`, 0o777).then(() => "changed"),
  chown: ({ own }) => Deno.chown(`${own}/code`, 0, 0).then(() => "changed"),
  utime: ({ own }) => Deno.utime(`${own}/code`, 0, 0).then(() => "changed"),
  "file-utime": async ({ own }) => {
    using file = await Deno.open(`${own}/code`);
    await file.utime(0, 0);
    return "changed";
  },
  "file-stat": async ({ outside }) => {
    using file = await Deno.open(`${outside}/open/x`, {
      write: true,
      create: true,
    });
    return `${(await file.stat()).size} bytes`;
  },
  truncate: ({ own }) => Deno.truncate(`${own}/code`).then(() => "truncated"),
  mkfifo: ({ libc, outside }) => {
    const { symbols } = Deno.dlopen(libc, {
      mkfifo: { parameters: ["buffer", "u32"], result: "i32" },
    });
    const path = new TextEncoder().encode(`${outside}/open/pipe\0`);
    if (symbols.mkfifo(path, 0o666) === 0) return "made";
  },
  makeTempFile: ({ outside }) => Deno.makeTempFile({ dir: `${outside}/open` }),
  "makeTempFile-tricks": async ({ outside, scratch }) => {
    const prefix = `../../${outside}/open/x`;
    try {
      return await Deno.makeTempFile({ dir: scratch, prefix });
    } catch (error) {
      // Deno itself takes no slashes.
      if (!/Invalid character/.test(`${error}`)) throw error;
    }
  },
  makeTempDir: ({ outside }) => Deno.makeTempDir({ dir: `${outside}/open` }),
  watch: () => {
    const watcher = Deno.watchFs("/etc");
    return watcher && "watching";
  },
  "node-watch": ({ outside }) =>
    new Promise((resolve, reject) => {
      const watcher = fs.watch(outside, () => resolve("told of a change"));
      watcher.on("error", reject);
      setTimeout(() => resolve("watching"), 300);
    }),
  kv: ({ outside }) =>
    Deno.openKv(`${outside}/open/kv.db`).then(() => "made a database"),
  caches: async () => {
    const cache = await caches.open("attack");
    await cache.put("http://x/", new Response("x"));
    return "stored";
  },
  localStorage: () => {
    localStorage.setItem("attack", "x");
    return localStorage.getItem("attack") && "stored";
  },
  certificate: () => {
    const { caCerts } = {
      caCerts: [Deno.readTextFileSync("/etc/ssl/certs/ca-certificates.crt")],
    };
    return Deno.createHttpClient({ caCerts }) && "read";
  },
  // Last, because the others need its code.
  "rename-own": ({ own, scratch }) =>
    Deno.rename(`${own}/code`, `${scratch}/code`).then(() => "renamed"),
};
