import type { SessionMetadata } from "@thulp-sessions/core";
import { describeType } from "@thulp-sessions/core/text";
import { oneLine } from "../../parts/session-title.ts";
import { timeText } from "../export/session-html.tsx";

/** A session of a comparison, as it is told. */
export interface ComparedSide {
  readonly metadata: SessionMetadata;
  readonly entryCount: number;
  readonly turnCount: number;
}

/** What is told of both: a name, and what it is of the left and the right one. */
export function factsOf(
  left: ComparedSide,
  right: ComparedSide,
): readonly (readonly [string, string, string])[] {
  const of = (name: string, text: (side: ComparedSide) => string) => [name, text(left), text(right)] as const;
  return [
    of("name", ({ metadata }) => oneLine(metadata.name)),
    of("id", ({ metadata }) => metadata.id),
    of("type", ({ metadata }) => describeType(metadata.sessionType)),
    of("status", ({ metadata }) => metadata.status),
    of("created", ({ metadata }) => timeText(metadata.createdAt)),
    of("changed", ({ metadata }) => timeText(metadata.updatedAt)),
    of("entries", ({ entryCount }) => String(entryCount)),
    of("turns", ({ turnCount }) => String(turnCount)),
    of("tags", ({ metadata }) => metadata.tags.map((tag) => oneLine(tag)).join(", ")),
  ];
}
