/** @jsxImportSource npm:hono@4/jsx */
import type { Child } from "npm:hono@4/jsx";

export interface Service {
  name: string;
  up: boolean;
  latencyMillis?: number;
}

export function Page({ title, children }: { title: string; children?: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
      </head>
      <body>
        <h1>{title}</h1>
        {children}
      </body>
    </html>
  );
}

export function ServiceRow({ name, up, latencyMillis }: Service) {
  return (
    <tr class={up ? "up" : "down"}>
      <td>{name}</td>
      <td>{up ? "up" : "down"}</td>
      <td>{latencyMillis === undefined ? "-" : `${latencyMillis} ms`}</td>
    </tr>
  );
}
