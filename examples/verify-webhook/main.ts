/**
 * Is this webhook really from the sender that knows our secret? Checks a signature such as GitHub's
 * `X-Hub-Signature-256: sha256=…`. `crypto.subtle.verify` compares in constant time.
 */
export default async function verifyWebhook(
  body: string,
  signatureHeader: string,
  secret: string,
): Promise<boolean> {
  const signature = parseSignature(signatureHeader);
  if (!signature) return false;

  const utf8 = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    utf8.encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  return crypto.subtle.verify("HMAC", key, signature, utf8.encode(body));
}

function parseSignature(header: string): Uint8Array<ArrayBuffer> | null {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  return hex ? Uint8Array.fromHex(hex) : null;
}
