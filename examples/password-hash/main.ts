/** Hashes a password with scrypt, and checks one against such a hash: Node's own modules work. */
import { Buffer } from "node:buffer";
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** `passwordHash("pw")` makes a hash; `passwordHash("pw", hash)` says whether it fits. */
export default function passwordHash(
  password: string,
  hash?: string,
): string | boolean {
  return hash === undefined ? make(password) : check(password, hash);
}

function make(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  const key = scryptSync(password, salt, KEY_BYTES);
  return ["scrypt", salt.toString("base64url"), key.toString("base64url")].join(
    "$",
  );
}

function check(password: string, hash: string): boolean {
  const [method, salt, key] = hash.split("$");
  if (method !== "scrypt" || !salt || !key) {
    throw new TypeError("not a hash of this val");
  }
  const expected = Buffer.from(key, "base64url");
  const actual = scryptSync(
    password,
    Buffer.from(salt, "base64url"),
    expected.length,
  );
  return timingSafeEqual(actual, expected);
}
