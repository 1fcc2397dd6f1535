/**
 * What runs in a sandbox beside the user's code: it connects to the host, does what the host asks, and answers. The host
 * first asks for a few runs of its own, which warm up the very paths that a user's run takes; then it asks to seal, and
 * only then sends the code of a user.
 */

import { Calls } from "./calls.ts";
import { Channel, Kind } from "./channel.ts";
import { Logs } from "./console.ts";
import { installTown } from "./town.ts";
import { seal } from "./internals.ts";
import { hideSettings, installFetch } from "./network.ts";
import { guard, NativeTypeError, NativeUint8Array } from "./primordials.ts";
import { hardenRealm } from "./realm.ts";
import { Runner } from "./runner.ts";
import { Server } from "./server.ts";
import { installUncaught } from "./uncaught.ts";
import { installVals, values } from "./values.ts";

const SOCKET_VARIABLE = "THORP_CONTROL";
// The last two are what Deno adds by itself, for programs that would start `node`.
const BOOT_VARIABLES = [
  SOCKET_VARIABLE,
  "DENO_DIR",
  "DENO_NO_UPDATE_CHECK",
  "JSR_URL",
  "NO_COLOR",
  "DENO_NODE_SHIM_ACTIVE",
  "PATH",
];
const NO_RUN = new NativeUint8Array(16);

const path = Deno.env.get(SOCKET_VARIABLE);
if (path === undefined) throw new TypeError(`\`${SOCKET_VARIABLE}\` is not set`);
for (const name of BOOT_VARIABLES) Deno.env.delete(name);

const channel = await Channel.open(path);
const logs = new Logs(channel);
logs.install();
const calls = new Calls(channel);
const runner = new Runner(channel, logs, calls);
const server = new Server(channel, logs, calls);
installUncaught((error) => server.isServing ? server.fail(error) : runner.fail(error));
installFetch();
hideSettings();
installVals(installTown(calls));
hardenRealm(logs.denied, {
  value: (name) => values.ofForeign(name),
  call: (operation, args, val) => calls.call(operation, args, val),
  keep: (operation, args, val) => calls.keep(operation, args, val),
});

/** Gives up what only the boot needed. */
function giveUp(socket: string): void {
  Deno.permissions.revokeSync({ name: "read", path: socket });
  Deno.permissions.revokeSync({ name: "write", path: socket });
  seal();
}

for (;;) {
  const frame = await guard(calls.next());
  switch (frame.kind) {
    case Kind.Run:
      await guard(runner.run(frame));
      break;
    case Kind.Seal:
      giveUp(path);
      channel.send(Kind.Ready, NO_RUN, new NativeUint8Array(0));
      break;
    case Kind.Preload:
      await guard(server.preload());
      break;
    case Kind.Serve:
      await guard(server.serve(frame));
      break;
    case Kind.Connect:
      server.connect(frame);
      break;
    default:
      throw new NativeTypeError("The host sent a frame of an unknown kind");
  }
}
