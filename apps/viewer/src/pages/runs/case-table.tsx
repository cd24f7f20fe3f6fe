import { useRef, useState } from "preact/hooks";
import { say } from "../../parts/announcement.ts";
import { moveFocus } from "../../parts/focus.ts";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { oneLine } from "../../parts/session-title.ts";
import { counted } from "../../parts/time.ts";
import { useKeys } from "../../parts/use-keys.ts";
import { hrefOf } from "../../url/href.ts";
import { navigate } from "../../url/navigation.ts";
import { sessionState } from "../../url/session-state.ts";
import type { CaseResults } from "./case-key.ts";
import { type CaseRow, caseRows } from "./case-rows.ts";
import { type CaseCell, CellDiff } from "./cell-diff.tsx";
import type { RunVersion } from "./run-versions.ts";

const STEP = 200;

/**
 * Cases by versions: what broke first; each cell leads to the entry that says why.
 *
 * Longer than most functions: its keys share which cell is meant.
 */
export function CaseTable({
  versions,
  cases,
}: {
  readonly versions: readonly RunVersion[];
  readonly cases: readonly CaseResults[];
}) {
  const rows = caseRows(cases.map(({ results }) => results));
  const area = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<Place | null>(null);
  const move = (step: number) => moveFocus(area.current, step);
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    d: () => {
      const place = focusedPlace();
      if (place) setShown(place);
      else say("Go to a cell with j, then see with d what changed in it");
    },
    p: () => {
      const madeBy = versions[focusedPlace()?.column ?? -1]?.madeBy;
      if (madeBy) navigate({ page: "session", session: sessionState(madeBy.metadata.id) });
      else say("Go to a cell with j; p leads to what made its version");
    },
    Escape: () => setShown(null),
  });
  const shownRow = rows.find(({ key }) => key === shown?.key);
  const after = shown && shownRow ? cellAt(versions, shownRow, shown.column) : null;
  if (rows.length === 0) return null;
  const fields = new Set(cases.filter(({ results }) => results.length > 0).map(({ field }) => field));
  const [field = null] = fields;
  const by = fields.size > 1 ? "by different fields" : field === null ? "by their places" : `by ${field}`;
  return (
    <div class="table" ref={area} {...SCROLLABLE}>
      <table class="cases">
        <caption>
          {counted(rows.length, "case")}, told apart {by}
        </caption>
        <thead>
          <tr>
            <th scope="col">case</th>
            {versions.map(({ id, name }) => (
              <th scope="col" key={id}>
                {name}
              </th>
            ))}
            <th scope="col">verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, STEP).map(({ key, cells, verdict }) => (
            <tr key={key}>
              <th scope="row">{oneLine(key, 80) || "(empty)"}</th>
              {cells.map((cell, i) => {
                const version = versions[i];
                const evaluation = version?.evaluations.at(-1);
                if (!cell || !version || !evaluation) return <td key={version?.id ?? i}>·</td>;
                const range = { first: cell.seq, last: cell.seq };
                return (
                  <td key={version.id}>
                    <a
                      class={cell.passed ? "passed" : "failed-text"}
                      href={hrefOf({ page: "session", session: sessionState(evaluation.metadata.id, range) })}
                      data-case={key}
                      data-column={i}
                      aria-label={`${cell.passed ? "passed" : "failed"} in ${version.name}`}
                    >
                      {cell.passed ? "✓" : "✗"}
                    </a>
                  </td>
                );
              })}
              <td>{verdict === "never" ? "never passed" : verdict}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > STEP && <p class="quiet">The first {STEP}.</p>}
      {shown && shownRow && after && (
        <CellDiff name={shown.key} before={cellBefore(versions, shownRow, shown.column)} after={after} />
      )}
    </div>
  );
}

/** A cell of the table. */
interface Place {
  readonly key: string;
  readonly column: number;
}

function focusedPlace(): Place | null {
  const { case: key, column } = (document.activeElement as HTMLElement | null)?.dataset ?? {};
  return key === undefined || column === undefined ? null : { key, column: Number(column) };
}

function cellAt(versions: readonly RunVersion[], row: CaseRow, column: number): CaseCell | null {
  const [cell, version] = [row.cells[column], versions[column]];
  const evaluation = version?.evaluations.at(-1);
  return cell && version && evaluation
    ? { id: evaluation.metadata.id, seq: cell.seq, version: version.name }
    : null;
}

/** The same case in the last version before that has it. */
function cellBefore(versions: readonly RunVersion[], row: CaseRow, column: number): CaseCell | null {
  for (let i = column - 1; i >= 0; i--) {
    const cell = cellAt(versions, row, i);
    if (cell) return cell;
  }
  return null;
}
