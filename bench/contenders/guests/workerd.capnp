# workerd as a contender: one service that loads a new worker for each request. The socket is given on the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .main) ],
  sockets = [ (name = "http", http = (), service = "main") ],
);

const main :Workerd.Worker = (
  modules = [ (name = "main.js", esModule = embed "workerd.js") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "LOADER", workerLoader = ()) ],
);
