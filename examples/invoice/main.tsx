/** @jsxImportSource npm:preact@10 */
/** An invoice as an HTML fragment, rendered with preact. */
import { render } from "npm:preact-render-to-string@6";

interface Line {
  what: string;
  quantity: number;
  price: number;
}

interface Invoice {
  number: string;
  lines: Line[];
  currency?: string;
  locale?: string;
}

export default function invoice(
  { number, lines, currency = "EUR", locale = "en-IE" }: Invoice,
): string {
  const money = new Intl.NumberFormat(locale, { style: "currency", currency });
  const total = lines.reduce(
    (sum, line) => sum + line.quantity * line.price,
    0,
  );
  return render(
    <section>
      <h1>Invoice {number}</h1>
      <ol>
        {lines.map(({ what, quantity, price }) => (
          <li key={what}>
            {quantity} × {what}: {money.format(quantity * price)}
          </li>
        ))}
      </ol>
      <strong>{money.format(total)}</strong>
    </section>,
  );
}
