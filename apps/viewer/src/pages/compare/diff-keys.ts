import { diffArrays } from "diff";

/** One step from the left list to the right one: the places in both, or in the one that has it. */
export type DiffStep =
  | { readonly type: "equal"; readonly left: number; readonly right: number }
  | { readonly type: "left"; readonly left: number }
  | { readonly type: "right"; readonly right: number };

/** With more differences the two have so little in common that an alignment tells nobody anything. */
const MAX_DIFFERENCES = 2000;

/**
 * The fewest steps from one list to another; where that would take more than some thousand, all of the left
 * one and then all of the right one between what both begin and end with.
 */
export function diffKeys(left: readonly string[], right: readonly string[]): DiffStep[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  )
    end++;
  const a = left.slice(start, left.length - end);
  const b = right.slice(start, right.length - end);
  const middle = diffArrays(a, b, { maxEditLength: MAX_DIFFERENCES }) ?? [
    { count: a.length, removed: true, added: false },
    { count: b.length, removed: false, added: true },
  ];
  const steps: DiffStep[] = [];
  let l = 0;
  let r = 0;
  for (const { count, removed, added } of [unchanged(start), ...middle, unchanged(end)])
    for (let i = 0; i < count; i++) {
      if (removed) steps.push({ type: "left", left: l++ });
      else if (added) steps.push({ type: "right", right: r++ });
      else steps.push({ type: "equal", left: l++, right: r++ });
    }
  return steps;
}

function unchanged(count: number) {
  return { count, removed: false, added: false };
}
