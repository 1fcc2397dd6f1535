/** A small API with hono, called without a server: requests go in, what was answered comes out. */
import { Hono } from "npm:hono@4";
import { HTTPException } from "npm:hono@4/http-exception";

interface Todo {
  id: number;
  title: string;
  done: boolean;
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
}

export default async function todoApi(
  calls: Call[],
): Promise<{ status: number; body: unknown }[]> {
  const app = createApp();
  const answers = [];
  for (const { method, path, body } of calls) {
    const response = await app.request(path, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    answers.push({ status: response.status, body: await response.json() });
  }
  return answers;
}

function createApp(): Hono {
  const todos = new Map<number, Todo>();
  const app = new Hono();

  app.get("/todos", (c) => c.json([...todos.values()]));

  app.post("/todos", async (c) => {
    const { title } = await c.req.json<{ title?: string }>();
    if (!title) {
      throw new HTTPException(422, { message: "a todo needs a title" });
    }
    const todo = { id: todos.size + 1, title, done: false };
    todos.set(todo.id, todo);
    return c.json(todo, 201);
  });

  app.put("/todos/:id/done", (c) => {
    const todo = todos.get(Number(c.req.param("id")));
    if (!todo) throw new HTTPException(404, { message: "no such todo" });
    todo.done = true;
    return c.json(todo);
  });

  app.onError((error, c) => {
    const status = error instanceof HTTPException ? error.status : 500;
    return c.json({ error: error.message }, status);
  });
  return app;
}
