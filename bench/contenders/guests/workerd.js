// Runs in workerd: takes an expression as the request's body and answers with its value, from a worker of its own.
export default {
  async fetch(request, env) {
    const expression = await request.text();
    // `load`, not `get` with an id: a worker with an id stays in memory, 1.5 MiB each.
    const worker = env.LOADER.load({
      compatibilityDate: "2026-01-01",
      mainModule: "evaluation.js",
      modules: { "evaluation.js": `export default { fetch: () => Response.json(${expression}) }` },
      globalOutbound: null,
    });
    return worker.getEntrypoint().fetch("http://evaluation/");
  },
};
