/**
 * `Deno` and `process` as a program's own modules have them: the real ones, but for their environment, which holds the
 * program's secrets. The compiler imports them where a module speaks of `env`; packages keep the globals, and see what is in the
 * process's environment: only what is shared with them.
 *
 * What this reads with is captured before any code of a user's runs, so that nothing that a package patches is handed a secret.
 */

const { create, defineProperties, getOwnPropertyDescriptors, getPrototypeOf, hasOwn } = Object;
const { apply, defineProperty, deleteProperty, get, getOwnPropertyDescriptor, has, ownKeys, set } = Reflect;
const NativeError = Error;
const NativeProxy = Proxy;
const String_ = String;
const exec = (pattern: RegExp, text: string): RegExpExecArray | null => apply(nativeExec, pattern, [text]);
const nativeExec = RegExp.prototype.exec;
const realDeno = globalThis.Deno;
const realEnv = realDeno.env;
const { delete: realDelete, get: realGet, has: realHas, set: realSet, toObject: realToObject } = realEnv;

/** A secret: its name, its value, and whether packages see it. */
export type Secret = readonly [name: string, value: string, shared: boolean];

// Without a prototype, every name is like any other, also `__proto__`.
const own = create(null) as Record<string, string>;
let isInstalled = false;

/**
 * Puts the secrets where own modules find them, and watches who else asks for those that are `withheld` from packages. The
 * guest does so before a program is loaded; nobody can a second time.
 */
export function install(secrets: readonly Secret[], withheld: readonly string[], note: (text: string) => void): void {
  if (isInstalled) return;
  isInstalled = true;
  if (withheld.length > 0) watch(withheld, note);
  for (let index = 0; index < secrets.length; index++) {
    const { 0: name, 1: value, 2: isShared } = secrets[index]!;
    if (isShared) realSet(name, value);
    else own[name] = value;
  }
}

/** The value of a secret; `undefined` if the program has none of that name. */
export function secret(name: string): string | undefined {
  return hasOwn(own, name) ? own[name] : realGet(name);
}

const PACKAGE = /\/node_modules\/(?!\.)((?:@[^/]+\/)?[^/:]+)/;

/** The package that the innermost frames of a stack are of, as far as they tell. */
function asker(stack: string | undefined): string {
  const { 1: name } = exec(PACKAGE, stack ?? "") ?? [];
  return name === undefined ? "code that is not this program's own" : `\`npm:${name}\``;
}

/** Notes once for each name that it was asked for in the process's environment, where it is not. */
function watch(names: readonly string[], note: (text: string) => void): void {
  const waiting = create(null) as Record<string, boolean>;
  for (let index = 0; index < names.length; index++) waiting[names[index]!] = true;
  const asked = (name: unknown): void => {
    if (typeof name !== "string" || waiting[name] !== true) return;
    waiting[name] = false;
    const who = asker(new NativeError().stack);
    note(`${who} asked for the secret \`${name}\`, which packages don't see: pass it, or share it with packages`);
  };
  realEnv.get = (name) => (asked(name), realGet(name));
  realEnv.has = (name) => (asked(name), realHas(name));
  watchProcess(asked);
}

/** The same for `process.env`, from the moment that somebody asks for `process`: Deno loads it then. */
function watchProcess(asked: (name: unknown) => void): void {
  const { get: read, set: write } = getOwnPropertyDescriptor(globalThis, "process") ?? {};
  if (read === undefined) return;
  let isWatched = false;
  const watched = (): unknown => {
    const process = apply(read, globalThis, []) as { env: object };
    if (!isWatched) {
      isWatched = true;
      const env = new NativeProxy(process.env, {
        get: (env, name) => (asked(name), get(env, name)),
        has: (env, name) => (asked(name), has(env, name)),
      });
      defineProperty(process, "env", property(env));
    }
    return process;
  };
  defineProperty(
    globalThis,
    "process",
    { __proto__: null, configurable: true, get: watched, set: write } as PropertyDescriptor,
  );
}

const isOwn = (name: unknown): name is string => typeof name === "string" && hasOwn(own, name);

/** A property without a look at any prototype. */
function property(value: unknown): PropertyDescriptor {
  return { __proto__: null, configurable: true, enumerable: true, writable: true, value } as PropertyDescriptor;
}

const denoEnv = {
  get: (name: string): string | undefined => isOwn(name) ? own[name] : realGet(name),
  has: (name: string): boolean => isOwn(name) || realHas(name),
  set(name: string, value: string): void {
    if (isOwn(name)) own[name] = String_(value);
    else realSet(name, value);
  },
  delete(name: string): void {
    if (isOwn(name)) delete own[name];
    else realDelete(name);
  },
  toObject(): Record<string, string> {
    const all = realToObject();
    const names = ownKeys(own) as string[];
    for (let index = 0; index < names.length; index++) {
      defineProperty(all, names[index]!, property(own[names[index]!]));
    }
    return all;
  },
};

/** `Deno`, with the program's secrets in its environment. */
export const Deno = create(getPrototypeOf(realDeno) as object, {
  ...getOwnPropertyDescriptors(realDeno),
  env: property(defineProperties(create(getPrototypeOf(realEnv) as object), getOwnPropertyDescriptors(denoEnv))),
}) as typeof globalThis.Deno;

// Deno loads what `process` needs when it is first asked for.
const realProcess = (): object => (globalThis as unknown as { process: object }).process;
const realProcessEnv = (): Record<string, string> => get(realProcess(), "env") as Record<string, string>;

const processEnv = new NativeProxy({} as Record<string, string>, {
  get: (_, name) => isOwn(name) ? own[name] : get(realProcessEnv(), name),
  has: (_, name) => isOwn(name) || has(realProcessEnv(), name),
  set(_, name, value) {
    if (!isOwn(name)) return set(realProcessEnv(), name, value);
    own[name] = String_(value);
    return true;
  },
  defineProperty(_, name, descriptor) {
    if (!isOwn(name)) return defineProperty(realProcessEnv(), name, descriptor);
    own[name] = String_(descriptor.value);
    return true;
  },
  deleteProperty: (_, name) => isOwn(name) ? delete own[name] : deleteProperty(realProcessEnv(), name),
  ownKeys() {
    const names = ownKeys(realProcessEnv());
    const secrets = ownKeys(own);
    for (let index = 0; index < secrets.length; index++) {
      const name = secrets[index]!;
      if (!has(realProcessEnv(), name)) defineProperty(names, names.length, property(name));
    }
    return names;
  },
  getOwnPropertyDescriptor(_, name) {
    if (isOwn(name)) return property(own[name]);
    return configurable(getOwnPropertyDescriptor(realProcessEnv(), name));
  },
});

/** A proxy may not tell of a fixed property that its target does not have. */
function configurable(descriptor: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
}

/** `process`, with the program's secrets in its environment. */
export const process: object = new NativeProxy({}, {
  get: (_, name) => name === "env" ? processEnv : get(realProcess(), name),
  set: (_, name, value) => set(realProcess(), name, value),
  has: (_, name) => has(realProcess(), name),
  deleteProperty: (_, name) => deleteProperty(realProcess(), name),
  defineProperty: (_, name, descriptor) => defineProperty(realProcess(), name, descriptor),
  getPrototypeOf: () => getPrototypeOf(realProcess()) as object,
  ownKeys: () => ownKeys(realProcess()),
  getOwnPropertyDescriptor(_, name) {
    if (name === "env") return property(processEnv);
    return configurable(getOwnPropertyDescriptor(realProcess(), name));
  },
});

/** The environment of `node:process`. */
export const env = processEnv;
