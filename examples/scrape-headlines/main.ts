/** The headlines of a web page: what `<h1>`-`<h3>` say, and where they link to. */
import * as cheerio from "npm:cheerio@1";

interface Headline {
  level: number;
  text: string;
  link: string | null;
}

export default async function scrapeHeadlines(
  url: string,
  within = "body",
): Promise<Headline[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const $ = cheerio.load(await response.text());

  return $(within).find("h1, h2, h3").toArray().map((element) => {
    const headline = $(element);
    const href = headline.find("a[href]").attr("href") ??
      headline.closest("a[href]").attr("href");
    return {
      level: Number(element.tagName.slice(1)),
      text: headline.text().replace(/\s+/g, " ").trim(),
      link: href ? new URL(href, url).pathname : null,
    };
  });
}
