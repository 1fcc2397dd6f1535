/** What changed between two texts, as a unified patch with counts. */
import { diffLines } from "npm:diff@8";

interface Diff {
  added: number;
  removed: number;
  patch: string;
}

export default function textDiff(before: string, after: string): Diff {
  const changes = diffLines(before, after);
  const count = (wanted: "added" | "removed") =>
    changes.filter((change) => change[wanted]).reduce(
      (sum, change) => sum + change.count,
      0,
    );

  return {
    added: count("added"),
    removed: count("removed"),
    patch: changes.map(({ added, removed, value }) => {
      const sign = added ? "+" : removed ? "-" : " ";
      return value.replace(/^(?=.)/gm, sign);
    }).join(""),
  };
}
