import { Hono } from "npm:hono@4";
import { z } from "npm:zod@4";

type Entry = { id: number; name: string; at: Date };

interface Store<T> {
  all(): Promise<T[]>;
  add(item: Omit<T, "id">): Promise<T>;
}

class Memory implements Store<Entry> {
  private entries: Entry[] = [];
  constructor(private readonly limit = 100) {}
  async all(): Promise<Entry[]> {
    return this.entries.slice(0, this.limit);
  }
  async add(item: Omit<Entry, "id">): Promise<Entry> {
    const entry = { ...item, id: this.entries.length + 1 } satisfies Entry;
    this.entries.push(entry);
    return entry;
  }
}

const Input = z.object({ name: z.string().min(1).max(80) });
const app = new Hono();
const store: Store<Entry> = new Memory(Number(Deno.env.get("LIMIT") ?? 100));

function Page({ entries }: { entries: Entry[] }) {
  return (
    <main>
      <h1>Guest book</h1>
      <ul>{entries.map((entry) => <li key={entry.id}>{entry.name}, {entry.at.toISOString()}</li>)}</ul>
    </main>
  );
}

app.get("/", async (c) => c.html(String(<Page entries={await store.all()} />)));
app.post("/", async (c) => {
  const { name } = Input.parse(await c.req.json());
  return c.json(await store.add({ name, at: new Date() }));
});

export default app.fetch;
