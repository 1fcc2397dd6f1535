/** `Deno` and `process` as foreign code sees them: nobody's environment, and nothing else. */

/** Told what was asked for. */
export type Asked = (what: string) => void;

class PermissionDenied extends Error {
  override name = "PermissionDenied";
}

/** The environment: empty, and every name that is asked for is told. */
function emptyEnvironment(owner: string, asked: Asked): Record<string, string> {
  return new Proxy({ __proto__: null } as unknown as Record<string, string>, {
    get(target, name) {
      if (typeof name === "symbol") return undefined;
      if (!(name in target)) asked(`${owner}.env.${name}`);
      return target[name];
    },
    has(target, name) {
      if (typeof name === "string" && !(name in target)) asked(`${owner}.env.${name}`);
      return name in target;
    },
  });
}

/** `Deno.env`: what is set is seen by whoever set it. */
function denoEnvironment(asked: Asked): object {
  const own = new Map<string, string>();
  return {
    get(name: string): string | undefined {
      const value = own.get(`${name}`);
      if (value === undefined) asked(`Deno.env.get(${JSON.stringify(`${name}`)})`);
      return value;
    },
    has: (name: string) => own.has(`${name}`),
    set: (name: string, value: string) => void own.set(`${name}`, `${value}`),
    delete: (name: string) => void own.delete(`${name}`),
    toObject: () => Object.fromEntries(own),
  };
}

/** An object with an environment; whatever else is asked of it is refused. */
function stubOf(owner: string, env: object, asked: Asked): object {
  const refuse = (name: string) => {
    asked(`${owner}.${name}`);
    return new PermissionDenied(
      `${owner}.${name} is not available to imported code; pass it as an argument, or use api()`,
    );
  };
  return new Proxy(Object.freeze({ env }), {
    get(target, name) {
      if (name === "env") return target.env;
      // What a language looks for in any object.
      if (typeof name === "symbol" || name === "then" || name === "toJSON" || name === "constructor") return undefined;
      throw refuse(name);
    },
  });
}

/** The two stubs of one foreign val. */
export function stubsOf(asked: Asked): { Deno: object; process: object } {
  return {
    Deno: stubOf("Deno", denoEnvironment(asked), asked),
    process: stubOf("process", emptyEnvironment("process", asked), asked),
  };
}
