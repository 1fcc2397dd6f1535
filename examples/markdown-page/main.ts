/** A whole HTML page from Markdown; its title is the first heading. */
import { marked, type Tokens } from "npm:marked@17";
import { layout } from "./layout.ts";

export default async function markdownPage(markdown: string): Promise<string> {
  const tokens = marked.lexer(markdown);
  const heading = tokens.find((token): token is Tokens.Heading => token.type === "heading");
  const body = await marked.parser(tokens);
  return layout({ title: heading?.text ?? "Untitled", body });
}
