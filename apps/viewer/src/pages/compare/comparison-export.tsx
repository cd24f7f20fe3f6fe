import { useMemo, useState } from "preact/hooks";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import { ExportForm } from "../export/export-form.tsx";
import { comparisonSource } from "./comparison-file.ts";
import { sumText } from "./comparison-sum.ts";
import type { Comparison } from "./read-comparison.ts";

/** A comparison as a file. */
export function ComparisonExport({ comparison: current }: { readonly comparison: Comparison }) {
  // What comes while somebody looks was not looked at, and is not exported.
  const [comparison, setComparison] = useState(current);
  const source = useMemo(() => comparisonSource(comparison), [comparison]);
  const isChanged = versionsOf(current) !== versionsOf(comparison);
  return (
    <TextPage>
      <h2>Export</h2>
      <p>
        {sumText(comparison)} Of what differs {counted(source.total, "entry", "entries")} with all contents,
        as of now; what is equal is only named.{" "}
        {isChanged && (
          <button type="button" onClick={() => setComparison(current)}>
            The sessions have changed: look again
          </button>
        )}
      </p>
      <ExportForm source={source} />
    </TextPage>
  );
}

function versionsOf({ left, right }: Comparison): string {
  return `${left.metadata.id} ${left.version} ${right.metadata.id} ${right.version}`;
}
