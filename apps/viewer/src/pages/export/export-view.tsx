import type { SessionHead, SessionId } from "@thulp-sessions/core";
import { useMemo, useState } from "preact/hooks";
import { TextPage } from "../../parts/text-page.tsx";
import { counted } from "../../parts/time.ts";
import type { EntryRange } from "../../url/session-state.ts";
import { type Exportable, ExportForm } from "./export-form.tsx";
import type { ExportFormat } from "./exported-file.ts";
import { fileName, makeFile } from "./make-file.ts";
import { type ExportedRange, readPages } from "./read-pages.ts";

const FORMATS: readonly (readonly [ExportFormat, string])[] = [
  ["html", "HTML: one page for reading, without script, that anybody can open"],
  ["markdown", "Markdown: for reading, in issues and documents"],
  ["json", "JSON: the file that thulp-workspace keeps; `thulp-sessions import` takes it"],
  ["jsonl", "JSONL: a line for the session, one for each entry; `thulp-sessions import` takes it"],
];

/** A session, or some entries of it, as a file. */
export function ExportView({
  id,
  head: current,
  range: wanted,
}: {
  readonly id: SessionId;
  readonly head: SessionHead;
  readonly range: EntryRange | null;
}) {
  // What is appended while somebody looks was not looked at, and is not exported.
  const [range, setRange] = useState(() => rangeOf(id, current, wanted));
  const source = useMemo(() => sessionSource(range), [range]);
  const { total } = source;
  return (
    <TextPage>
      <h2>Export</h2>
      <p>
        {total === range.head.entryCount
          ? counted(total, "entry", "entries")
          : `${counted(Math.max(0, total), "entry", "entries")}, #${range.first} to #${range.last}`}
        , as of now.{" "}
        {current.version !== range.head.version && (
          <button type="button" onClick={() => setRange(rangeOf(id, current, wanted))}>
            The session has changed: look again
          </button>
        )}
      </p>
      <ExportForm source={source} />
    </TextPage>
  );
}

function rangeOf(id: SessionId, head: SessionHead, wanted: EntryRange | null): ExportedRange {
  const last = Math.min(wanted?.last ?? head.entryCount, head.entryCount - 1);
  return { id, head, first: Math.min(wanted?.first ?? 0, last + 1), last };
}

function sessionSource(range: ExportedRange): Exportable {
  const { id, head, first, last } = range;
  return {
    total: last - first + 1,
    formats: FORMATS,
    async *look(review, signal) {
      const { metadata, context, inexact } = head;
      review.addSession(metadata, context, inexact === true);
      for await (const entries of readPages(range, signal)) {
        for (const entry of entries) review.addEntry(id, entry);
        yield;
      }
    },
    make: (format, choice, signal, onEntries) => makeFile(range, format, choice, signal, onEntries),
    fileName: (format, masked) => fileName(range, format, masked),
    sideOf: () => "",
  };
}
