import type { SessionType } from "@thulp-sessions/core";
import { usage } from "../terminal/exit.ts";

export interface TypeOptions {
  readonly type: SessionType["type"];
  readonly purpose?: string | undefined;
  readonly agentName?: string | undefined;
  readonly task?: string | undefined;
  readonly model?: string | undefined;
  readonly skillName?: string | undefined;
  readonly testCases?: number | undefined;
  readonly iteration?: number | undefined;
}

type Detail = Exclude<keyof TypeOptions, "type">;

/** Which options belong to which type; all of these but `purpose` have to be given. */
const DETAILS: Readonly<Record<SessionType["type"], readonly Detail[]>> = {
  conversation: ["purpose"],
  agent: ["agentName"],
  teacher_demo: ["task", "model"],
  evaluation: ["skillName", "testCases"],
  refinement: ["skillName", "iteration"],
};
const ALL_DETAILS: readonly Detail[] = [
  "purpose",
  "agentName",
  "task",
  "model",
  "skillName",
  "testCases",
  "iteration",
];

/** @throws {Failure} for a detail that is missing, or belongs to another type. */
export function sessionTypeOf(options: TypeOptions): SessionType {
  const { type } = options;
  const wanted = DETAILS[type];
  for (const detail of ALL_DETAILS) {
    const given = options[detail] !== undefined;
    if (given && !wanted.includes(detail))
      throw usage(`${flag(detail)} says nothing of a session of type ${type}.`);
    if (!given && wanted.includes(detail) && detail !== "purpose")
      throw usage(`--type ${type} wants ${flag(detail)} too.`);
  }
  const details = Object.fromEntries(wanted.map((detail) => [detail, options[detail] ?? ""]));
  return { type, ...details } as SessionType;
}

function flag(detail: Detail): string {
  return `--${detail.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
