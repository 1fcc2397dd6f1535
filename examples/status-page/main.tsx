/** @jsxImportSource npm:hono@4/jsx */
/** A status page as an HTML string, made of JSX components in a file of their own. */
import { Page, type Service, ServiceRow } from "./components.tsx";

export default function statusPage(services: Service[]): string {
  const down = services.filter((service) => !service.up).length;
  const page = (
    <Page
      title={down === 0 ? "All systems work" : `${down} of ${services.length} down`}
    >
      <table>
        <tbody>
          {services.map((service) => <ServiceRow key={service.name} {...service} />)}
        </tbody>
      </table>
    </Page>
  );
  return `<!doctype html>${page}`;
}
