import { visibleText } from "@thulp-sessions/core/text";

/** A text with the places that were found in it. */
export function Excerpt({
  text,
  marks,
}: {
  readonly text: string;
  /** [start, end) in UTF-16 units, in order. */
  readonly marks: readonly (readonly [number, number])[];
}) {
  const parts = [];
  let at = 0;
  for (const [start, end] of marks) {
    parts.push(
      visibleText(text.slice(at, start)),
      <mark key={start}>{visibleText(text.slice(start, end))}</mark>,
    );
    at = end;
  }
  parts.push(visibleText(text.slice(at)));
  return <>{parts}</>;
}
