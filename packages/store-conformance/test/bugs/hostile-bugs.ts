import { isSessionError, type JsonValue, type SessionEntry, SessionError } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { type PlantedBug, plantedBug } from "./planted-bug.ts";

type Append = Parameters<MemoryStore["append"]>;

/** A store that looks at each content before anything is checked. */
function changingContent(change: (content: JsonValue) => JsonValue) {
  return class extends MemoryStore {
    override async append(...[id, entries, options]: Append) {
      if (!Array.isArray(entries)) return super.append(id, entries, options);
      const changed = entries.map((entry: SessionEntry | null) =>
        entry && typeof entry === "object" ? { ...entry, content: change(entry.content) } : entry,
      );
      return super.append(id, changed as SessionEntry[], options);
    }
  };
}

export const hostileBugs: readonly PlantedBug[] = [
  plantedBug(
    "keys that are not enumerable get lost",
    ["refuse-lost-keys"],
    changingContent((content) =>
      typeof content === "object" && content !== null && !Array.isArray(content) ? { ...content } : content,
    ),
  ),

  plantedBug(
    "what a getter throws is let through",
    ["refuse-unreadable"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Append) {
        if (Array.isArray(entries)) for (const entry of entries) JSON.stringify(entry?.content);
        return super.append(id, entries, options);
      }
    },
  ),

  plantedBug(
    "an entry is read before it is copied",
    ["input-read-once"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Append) {
        if (Array.isArray(entries)) for (const entry of entries) void entry?.content;
        return super.append(id, entries, options);
      }
    },
  ),

  plantedBug(
    "a conflict quotes the content",
    ["refuse-quotes-nothing"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Append) {
        try {
          return await super.append(id, entries, options);
        } catch (error) {
          if (!isSessionError(error, "conflict")) throw error;
          const { code, message, details } = error;
          throw new SessionError(code, `${message} Given: ${JSON.stringify(entries)}`, { details });
        }
      }
    },
  ),

  plantedBug(
    "a cycle is refused level by level",
    ["refuse-quotes-nothing"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Append) {
        try {
          return await super.append(id, entries, options);
        } catch (error) {
          if (!isSessionError(error, "invalid_input") || !error.message.includes("levels")) throw error;
          const { code, message, details } = error;
          throw new SessionError(code, `${details.field}${".a key".repeat(200)}: ${message}`, { details });
        }
      }
    },
  ),

  plantedBug(
    "a loop of heads starves everybody else",
    ["call-fairness"],
    class extends MemoryStore {
      override async head(id: string) {
        return this.doHead(id as never);
      }
    },
  ),

  plantedBug(
    "a loop of refusals starves everybody else",
    ["call-fairness"],
    class extends MemoryStore {
      override append(...[id, entries, options]: Append) {
        if (Array.isArray(entries) && entries[0] === null)
          return Promise.reject(new SessionError("invalid_input", "entries[0]: expected an entry."));
        return super.append(id, entries, options);
      }
    },
  ),
];
