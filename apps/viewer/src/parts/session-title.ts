import type { SessionMetadata, SessionType } from "@thulp-sessions/core";
import { visibleText } from "@thulp-sessions/core/text";

/** A name can be of 64 KiB. */
const MAX_SHOWN = 200;

/** The name of a session in one line. */
export function titleOf({ name, id }: Pick<SessionMetadata, "name" | "id">): string {
  return oneLine(name) || id.slice(0, 8);
}

/** What a session is for, in one line. */
export function typeText(type: SessionType): string {
  switch (type.type) {
    case "teacher_demo":
      return `teacher demo: ${oneLine(type.task)} · ${oneLine(type.model)}`;
    case "evaluation":
      return `evaluation: ${oneLine(type.skillName)}`;
    case "refinement":
      return `refinement ${type.iteration}: ${oneLine(type.skillName)}`;
    case "conversation":
      return `conversation: ${oneLine(type.purpose)}`;
    case "agent":
      return `agent: ${oneLine(type.agentName)}`;
  }
}

/** A text of somebody else in one line of bounded length. */
export function oneLine(text: string, most = MAX_SHOWN): string {
  const cut = text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;
  return visibleText(cut).replace(/\s+/g, " ").trim();
}
