/** Asks a language model behind any OpenAI-compatible endpoint for a one-line summary. */
import OpenAI from "npm:openai@6";

interface Options {
  baseURL: string;
  apiKey: string;
  model?: string;
}

interface Answer {
  summary: string;
  tokens: number;
}

export default async function askModel(
  text: string,
  { baseURL, apiKey, model = "gpt-5-mini" }: Options,
): Promise<Answer> {
  const client = new OpenAI({
    baseURL,
    apiKey,
    maxRetries: 0,
    timeout: 20_000,
  });
  const completion = await client.chat.completions.create({
    model,
    messages: [
      {
        role: "system",
        content: "Summarise what the user sends in one short sentence.",
      },
      { role: "user", content: text },
    ],
  });
  const summary = completion.choices[0]?.message.content;
  if (!summary) throw new Error("the model answered nothing");
  return { summary, tokens: completion.usage?.total_tokens ?? 0 };
}
