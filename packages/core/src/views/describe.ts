import { isUnstated } from "../entry-view/unstated.ts";
import type { SessionEntry, SessionType } from "../model/model.ts";
import { visibleText } from "../text/visible-text.ts";

/** The colours of a terminal; each takes a text and gives it back in them. */
export type EntryPaint = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan" | "magenta", (text: string) => string>
>;

const asIs = (text: string): string => text;
const PLAIN: EntryPaint = {
  bold: asIs,
  dim: asIs,
  red: asIs,
  green: asIs,
  yellow: asIs,
  blue: asIs,
  cyan: asIs,
  magenta: asIs,
};

/** `agent: reviewer`, `evaluation: parse (12 cases)`: what a session is for, in a few words. */
export function describeType(type: SessionType): string {
  switch (type.type) {
    case "teacher_demo":
      return `teacher_demo: ${oneLine(type.task)} (${oneLine(type.model)})`;
    case "evaluation":
      return `evaluation: ${oneLine(type.skillName)} (${type.testCases} cases)`;
    case "refinement":
      return `refinement: ${oneLine(type.skillName)} (iteration ${type.iteration})`;
    case "conversation":
      return type.purpose === "" ? "conversation" : `conversation: ${oneLine(type.purpose)}`;
    case "agent":
      return `agent: ${oneLine(type.agentName)}`;
  }
}

/**
 * `user`, `tool get_weather ok`, `score 0.9`: who speaks, or what happened. A call of which nobody has said
 * what came of it (`content.outcome` is `"unstated"`) has a name only.
 */
export function describeEntry(
  { entryType: type, content }: Pick<SessionEntry, "entryType" | "content">,
  colors: EntryPaint = PLAIN,
): string {
  const outcome = (success: boolean) => {
    if (!success) return ` ${colors.red("failed")}`;
    return isUnstated(content) ? "" : ` ${colors.green("ok")}`;
  };
  switch (type.type) {
    case "user_message":
      return colors.bold(colors.cyan("user"));
    case "assistant_message":
      return colors.bold(colors.green("assistant"));
    case "system_message":
      return colors.bold(colors.magenta("system"));
    case "tool_call":
      return `${colors.bold(colors.yellow(`tool ${oneLine(type.toolName)}`))}${outcome(type.success)}`;
    case "skill_execution":
      return `${colors.bold(colors.yellow(`skill ${oneLine(type.skillName)}`))}${outcome(type.success)}`;
    case "evaluation_result": {
      const metrics = Object.entries(type.metrics).map(([name, value]) => `${oneLine(name)} ${value}`);
      const more = metrics.length > 0 ? colors.dim(` (${metrics.join(", ")})`) : "";
      return `${colors.bold(colors.blue(`score ${type.score}`))}${more}`;
    }
    case "system_event":
      return colors.bold(colors.magenta(`event ${oneLine(type.event)}`));
  }
}

/** A text of somebody else in one line. */
export function oneLine(text: string): string {
  return visibleText(text).replace(/\s+/g, " ").trim();
}
