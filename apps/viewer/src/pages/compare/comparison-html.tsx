import type { StoredEntry } from "@thulp-sessions/core";
import type { EntryView } from "@thulp-sessions/core/view";
import { oneLine } from "../../parts/session-title.ts";
import { counted } from "../../parts/time.ts";
import { EntryArticle, htmlBeginning } from "../export/session-html.tsx";
import { vnodeHtml } from "../export/vnode-html.ts";
import { type ComparedSide, factsOf } from "./comparison-facts.ts";
import { COMPARISON_STYLE, COMPARISON_STYLE_HASH } from "./comparison-style.ts";
import type { Places, WholeRow } from "./read-rows.ts";

// A comparison as one page that anybody can open: no script, nothing from elsewhere, every text escaped.

/** What stands before the first row. */
export function comparisonHtmlHead(
  left: ComparedSide,
  right: ComparedSide,
  { sum, masked }: { readonly sum: string; readonly masked: boolean },
): string {
  const title = [left, right].map(({ metadata }) => oneLine(metadata.name, 80) || metadata.id).join(" / ");
  const body = (
    <>
      <h1>Two sessions compared</h1>
      <table class="facts">
        <thead>
          <tr>
            <td />
            <th scope="col">left</th>
            <th scope="col">right</th>
          </tr>
        </thead>
        <tbody>
          {factsOf(left, right).map(([name, ...values]) => (
            <tr>
              <th scope="row">{name}</th>
              {values.map((value) => (
                <td>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p>{sum}</p>
      {masked && <p class="quiet">Signs in square brackets stand for what was taken out.</p>}
    </>
  );
  return `${htmlBeginning(title, COMPARISON_STYLE, COMPARISON_STYLE_HASH)}${vnodeHtml(body)}\n`;
}

/** One row; what is equal is only named. */
export function comparisonHtmlRow(row: WholeRow, views: readonly [EntryView, EntryView]): string {
  return `${vnodeHtml(<Row row={row} views={views} />)}\n`;
}

function Row({
  row,
  views: [leftView, rightView],
}: {
  readonly row: WholeRow;
  readonly views: readonly [EntryView, EntryView];
}) {
  if (row.type === "equal") {
    return (
      <p class="equal">
        {placesText(row.left)} = {placesText(row.right)}: {counted(row.count, "equal entry", "equal entries")}
      </p>
    );
  }
  return (
    <section class={`row ${row.type}`} aria-label={row.type === "changed" ? "changed" : `only ${row.type}`}>
      {row.type === "right" ? <Nothing /> : <Side side="left" entry={row.left} view={leftView} />}
      {row.type === "left" ? <Nothing /> : <Side side="right" entry={row.right} view={rightView} />}
    </section>
  );
}

function Side({
  side,
  entry,
  view,
}: {
  readonly side: "left" | "right";
  readonly entry: StoredEntry;
  readonly view: EntryView;
}) {
  return <EntryArticle entry={entry} view={view} anchor={`${side}-${entry.seq}`} side={side} />;
}

function Nothing() {
  return <p class="nothing">–</p>;
}

/** `#3` or `#3–7`. */
export function placesText({ first, last }: Places): string {
  return first === last ? `#${first}` : `#${first}–${last}`;
}
