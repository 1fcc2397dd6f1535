import { Hono } from "npm:hono@4";
import { etag } from "npm:hono@4/etag";

/** An application of hono: routes, parameters, a middleware, and what is not found. */
const app = new Hono();

app.use("/static/*", etag());
app.get("/", (c) => c.text("notes: GET /notes/:id, POST /notes"));
app.get("/notes/:id{[0-9]+}", (c) => c.json({ id: Number(c.req.param("id")) }));
app.post("/notes", async (c) => {
  const { text } = await c.req.json<{ text: string }>();
  return c.json({ id: text.length, text }, 201);
});
app.get("/static/style.css", (c) => c.body("body { margin: 4rem }", 200, { "content-type": "text/css" }));
app.get("/broken", () => {
  throw new Error("it is broken");
});
app.onError((error, c) => c.json({ error: error.message }, 500));

export default app;
