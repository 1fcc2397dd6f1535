/** A short, unguessable path for a long link, without letters that look alike. */
import { customAlphabet } from "npm:nanoid@5";

const shortId = customAlphabet("23456789abcdefghjkmnpqrstuvwxyz", 10);

interface ShortLink {
  path: string;
  length: number;
  target: string;
}

export default function shortLink(link: string): ShortLink {
  const target = new URL(link);
  if (!/^https?:$/.test(target.protocol)) {
    throw new TypeError(
      `only http and https links can be shortened, not "${target.protocol}"`,
    );
  }
  const id = shortId();
  return { path: `/s/${id}`, length: id.length, target: target.href };
}
