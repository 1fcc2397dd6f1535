const EVENTS_MAX = 1000;

/** Server-sent events: a page, and the clock that it shows. It ends when nobody looks any more. */
export default function (request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/clock") return new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8" } });
  const most = Number(searchParams.get("most") ?? EVENTS_MAX);
  const body = ReadableStream.from(ticks(Math.min(most, EVENTS_MAX), request.signal))
    .pipeThrough(new TextEncoderStream());
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function* ticks(most: number, signal: AbortSignal): AsyncGenerator<string> {
  for (let count = 1; count <= most && !signal.aborted; count++) {
    yield `id: ${count}\ndata: ${new Date().toISOString()}\n\n`;
    await new Promise((done) => setTimeout(done, 1000 / 4));
  }
}

const PAGE = `<!doctype html>
<title>Clock</title>
<h1 id="now"></h1>
<script>
  new EventSource("/clock").onmessage = ({ data }) => { now.textContent = data };
</script>
`;
