import type { ViewedEntry } from "@thulp-sessions/core";
import { diffKeys } from "./diff-keys.ts";

/** One line of a comparison. */
export type AlignedRow =
  /** Entries that are the same in both, one after the other. */
  | { readonly type: "equal"; readonly left: readonly ViewedEntry[]; readonly right: readonly ViewedEntry[] }
  | { readonly type: "changed"; readonly left: ViewedEntry; readonly right: ViewedEntry }
  | { readonly type: "left"; readonly left: ViewedEntry }
  | { readonly type: "right"; readonly right: ViewedEntry };

/**
 * Two lists of entries side by side: what is equal by type and content, and between that what stands at the
 * same place in both with the same type as changed, the rest as of one side only.
 */
export function alignEntries(left: readonly ViewedEntry[], right: readonly ViewedEntry[]): AlignedRow[] {
  const rows: AlignedRow[] = [];
  let lefts: ViewedEntry[] = [];
  let rights: ViewedEntry[] = [];
  const flush = () => {
    rows.push(...pairs(lefts, rights));
    lefts = [];
    rights = [];
  };
  for (const step of diffKeys(left.map(keyOf), right.map(keyOf))) {
    if (step.type === "left") lefts.push(left[step.left] as ViewedEntry);
    else if (step.type === "right") rights.push(right[step.right] as ViewedEntry);
    else {
      flush();
      const [a, b] = [left[step.left] as ViewedEntry, right[step.right] as ViewedEntry];
      const before = rows.at(-1);
      if (before?.type === "equal")
        rows[rows.length - 1] = { type: "equal", left: [...before.left, a], right: [...before.right, b] };
      else rows.push({ type: "equal", left: [a], right: [b] });
    }
  }
  flush();
  return rows;
}

function pairs(lefts: readonly ViewedEntry[], rights: readonly ViewedEntry[]): AlignedRow[] {
  const rows: AlignedRow[] = [];
  let i = 0;
  for (const left of lefts) {
    const right = rights[i];
    if (right && right.entryType.type === left.entryType.type) {
      rows.push({ type: "changed", left, right });
      i++;
    } else rows.push({ type: "left", left });
  }
  return [...rows, ...rights.slice(i).map((right): AlignedRow => ({ type: "right", right }))];
}

/** Of one that was cut the rest may differ: it is the same only as itself. */
function keyOf({ entryType, content, truncated, id }: ViewedEntry): string {
  return JSON.stringify([entryType, content, truncated ? id : null]);
}
