import { XMLParser } from "npm:fast-xml-parser@5";

export interface Item {
  title: string;
  link: string;
  published: string | null;
}

export interface Feed {
  title: string;
  items: Item[];
}

type Xml = Record<string, unknown>;

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  isArray: (name) => name === "item" || name === "entry",
  parseTagValue: false,
});

/** Reads RSS 2.0 and Atom; throws a `TypeError` for anything else. */
export function parseFeed(xml: string): Feed {
  const document = parser.parse(xml);
  if (document.rss?.channel) return fromRss(document.rss.channel);
  if (document.feed) return fromAtom(document.feed);
  throw new TypeError("neither an RSS nor an Atom feed");
}

function fromRss(channel: Xml): Feed {
  const items = (channel.item ?? []) as Xml[];
  return {
    title: text(channel.title),
    items: items.map((item) => ({
      title: text(item.title),
      link: text(item.link),
      published: time(item.pubDate),
    })),
  };
}

function fromAtom(feed: Xml): Feed {
  const entries = (feed.entry ?? []) as Xml[];
  return {
    title: text(feed.title),
    items: entries.map((entry) => ({
      title: text(entry.title),
      link: text((entry.link as Xml | undefined)?.["@href"]),
      published: time(entry.updated),
    })),
  };
}

/** The text of an element, with or without attributes. */
function text(node: unknown): string {
  const value = typeof node === "object" ? (node as Xml | null)?.["#text"] : node;
  return String(value ?? "").trim();
}

/** Feeds write dates in many ways; what can't be read is `null`. */
function time(node: unknown): string | null {
  const millis = Date.parse(text(node));
  return Number.isNaN(millis) ? null : new Date(millis).toISOString();
}
