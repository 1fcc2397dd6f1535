/** Sales from a CSV text, summed up by region in euros. Rows that make no sense are listed, not lost. */
// @ts-types="npm:@types/papaparse@5"
import Papa from "npm:papaparse@5";
import rates from "./rates.json" with { type: "json" };

interface Row {
  region: string;
  amount: string;
  currency: string;
}

interface Report {
  regions: Record<string, number>;
  total: number;
  skipped: { line: number; reason: string }[];
}

export default function csvReport(csv: string): Report {
  const { data } = Papa.parse<Row>(csv, {
    header: true,
    skipEmptyLines: true,
    transformHeader: (header) => header.trim().toLowerCase(),
  });
  const report: Report = { regions: {}, total: 0, skipped: [] };
  data.forEach((row, index) => add(report, row, index + 2));
  return report;
}

function add(report: Report, row: Row, line: number): void {
  const rate = (rates as Record<string, number>)[row.currency];
  const amount = Number(row.amount);
  if (!rate) {
    report.skipped.push({ line, reason: `unknown currency "${row.currency}"` });
  } else if (!Number.isFinite(amount)) {
    report.skipped.push({ line, reason: `"${row.amount}" is not a number` });
  } else {
    const euros = cents(amount * rate);
    report.regions[row.region] = cents(
      (report.regions[row.region] ?? 0) + euros,
    );
    report.total = cents(report.total + euros);
  }
}

function cents(amount: number): number {
  return Math.round(amount * 100) / 100;
}
