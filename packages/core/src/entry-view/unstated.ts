import type { JsonValue } from "../model/json.ts";

/** An import notes beside a result that nobody has said whether it was one. */
export function isUnstated(content: JsonValue): boolean {
  return typeof content === "object" && content !== null && "outcome" in content
    ? content["outcome"] === "unstated"
    : false;
}
