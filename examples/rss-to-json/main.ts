/** An RSS or Atom feed as JSON, newest item first. */
import { type Feed, parseFeed } from "./feed.ts";

export default async function rssToJson(
  url: string,
  limit = 10,
): Promise<Feed> {
  const response = await fetch(url, {
    headers: { accept: "application/xml, text/xml" },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const feed = parseFeed(await response.text());
  const newestFirst = feed.items.toSorted((a, b) => (b.published ?? "").localeCompare(a.published ?? ""));
  return { title: feed.title, items: newestFirst.slice(0, limit) };
}
