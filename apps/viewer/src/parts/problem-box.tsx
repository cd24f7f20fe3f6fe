import { visibleText } from "@thulp-sessions/core/text";
import type { ComponentChildren } from "preact";
import type { Problem } from "./problem.ts";

/** Says what went wrong, and what can be done. */
export function ProblemBox({
  problem,
  children,
}: {
  readonly problem: Problem;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="problem" role="alert">
      <p>{visibleText(problem.message)}</p>
      {children}
    </div>
  );
}
