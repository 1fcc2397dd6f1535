/** A web site in a function: it answers at the val's own address. */
export default function (request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== "/") return Response.redirect(new URL("/", request.url));
  const name = searchParams.get("name") ?? "world";
  return new Response(`Hello, ${name}!\n`, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
