/** Checks a signed JSON Web Token (HS256) and says why it is refused, without throwing. */
import { errors, type JWTPayload, jwtVerify } from "npm:jose@6";

type Verdict = { valid: true; claims: JWTPayload } | { valid: false; reason: string };

interface Options {
  issuer?: string;
  now?: string;
}

export default async function jwtCheck(token: string, secret: string, { issuer, now }: Options = {}): Promise<Verdict> {
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      currentDate: now ? new Date(now) : new Date(),
      ...(issuer && { issuer }),
    });
    return { valid: true, claims: payload };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { valid: false, reason: error.code };
    throw error;
  }
}
