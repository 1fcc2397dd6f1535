/** @jsxImportSource npm:hono@4/jsx */
import { me } from "thorp:std";

interface Entry {
  readonly name: string;
  readonly text: string;
}

const ENTRIES_MAX = 50;

/** A guestbook: a form, and what was written, which is kept in the val `guestbookEntries`. */
export default async function (request: Request): Promise<Response> {
  if (request.method === "POST") {
    const form = await request.formData();
    const entry = { name: field(form, "name"), text: field(form, "text") };
    // Nobody else writes in between.
    await me.update<Entry[]>("guestbookEntries", (entries = []) => [entry, ...entries].slice(0, ENTRIES_MAX));
    return new Response(null, { status: 303, headers: { location: "/" } });
  }
  const entries = await me.get<Entry[]>("guestbookEntries") ?? [];
  const page = `<!doctype html>${<Page entries={entries} />}`;
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function field(form: FormData, name: string): string {
  return String(form.get(name) ?? "").slice(0, 500);
}

function Page({ entries }: { entries: Entry[] }) {
  return (
    <html lang="en">
      <title>Guestbook</title>
      <h1>Guestbook</h1>
      <form method="post">
        <input name="name" placeholder="Your name" required />
        <input name="text" placeholder="What you would like to say" required />
        <button type="submit">Write</button>
      </form>
      <ul>
        {entries.map(({ name, text }) => (
          <li>
            <b>{name}</b>: {text}
          </li>
        ))}
      </ul>
    </html>
  );
}
