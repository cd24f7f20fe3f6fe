import {
  isSessionError,
  type JsonValue,
  type ListQuery,
  type Session,
  type SessionChange,
  type SessionEntry,
  type SessionHead,
  type SessionId,
  type SessionPage,
  type StoredSession,
  type WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { deepFreeze, notFound } from "@thulp-sessions/core/store";
import { ForeignError, type PlantedBug, plantedBug } from "./planted-bug.ts";

/** As one copies who has not heard of `__proto__`. */
function naiveCopy(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(naiveCopy);
  const copy: Record<string, JsonValue> = {};
  for (const [key, part] of Object.entries(value)) copy[key] = naiveCopy(part);
  return copy;
}

export const valueBugs: readonly PlantedBug[] = [
  plantedBug(
    "what create was given is kept by reference",
    ["copy-input-changed"],
    class extends MemoryStore {
      readonly #given = new Map<string, Session>();

      override async create(session: Session) {
        const created = super.create(session);
        this.#given.set(session.metadata.id, session);
        return created;
      }

      protected override async doGet(id: SessionId) {
        const session = await super.doGet(id);
        return { ...session, context: this.#given.get(id)?.context ?? session.context };
      }
    },
  ),

  plantedBug(
    "a change is kept by reference",
    ["copy-input-changed"],
    class extends MemoryStore {
      override async update(id: string, change: SessionChange, options: WriteOptions) {
        // Another turn of the queue: the caller continues before the arguments are copied.
        await Promise.resolve();
        return super.update(id, change, options);
      }
    },
  ),

  plantedBug(
    "get gives out what it holds",
    ["copy-output-changed"],
    class extends MemoryStore {
      readonly #cache = new Map<string, StoredSession>();

      protected override async doGet(id: SessionId) {
        const session = await super.doGet(id);
        const cached = this.#cache.get(session.version);
        if (cached) return cached;
        const thawed = structuredClone(session);
        this.#cache.set(session.version, thawed);
        return thawed;
      }
    },
  ),

  plantedBug(
    "the list gives out what it holds",
    ["copy-output-changed"],
    class extends MemoryStore {
      readonly #cache = new Map<string, SessionPage>();

      override async list(query?: ListQuery): Promise<never> {
        const page = await super.list(query);
        const key = JSON.stringify(page);
        const cached = this.#cache.get(key) ?? structuredClone(page);
        this.#cache.set(key, cached);
        return cached as never;
      }
    },
  ),

  plantedBug(
    "what is given is frozen",
    ["copy-input-untouched"],
    class extends MemoryStore {
      override async create(session: Session) {
        return super.create(deepFreeze(session));
      }
    },
  ),

  plantedBug(
    "what is given is changed",
    ["copy-input-untouched"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        const answer = await super.append(id, entries, options);
        for (const [i, entry] of entries.entries()) Object.assign(entry, { seq: answer.entries[i]?.seq });
        return answer;
      }
    },
  ),

  plantedBug(
    "__proto__ is lost",
    ["value-keys", "value-repeat-proto"],
    class extends MemoryStore {
      protected override async doCreate(session: Session) {
        const entries = session.entries.map((entry) => ({ ...entry, content: naiveCopy(entry.content) }));
        return super.doCreate({ ...session, entries });
      }
    },
  ),

  plantedBug(
    "a key that every object has is taken for one of the context",
    ["value-keys"],
    class extends MemoryStore {
      protected override async doHead(id: SessionId): Promise<SessionHead> {
        const head = await super.doHead(id);
        const { constructor: _, ...context } = head.context;
        return { ...head, context };
      }
    },
  ),

  plantedBug(
    "numbers go through 64 bits of another kind",
    ["value-numbers"],
    class extends MemoryStore {
      protected override async doAppend(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        const single = (entry: SessionEntry): SessionEntry =>
          typeof entry.content === "number" ? { ...entry, content: Math.fround(entry.content) } : entry;
        return super.doAppend(id as SessionId, entries.map(single), options);
      }
    },
  ),

  plantedBug(
    "entries are called inexact that are not",
    ["value-numbers", "create-get"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId) {
        const session = await super.doGet(id);
        return {
          ...session,
          entries: session.entries.map((entry) => ({ ...entry, inexact: true as const })),
        };
      }
    },
  ),

  plantedBug(
    "the text ends at a NUL",
    ["value-texts"],
    class extends MemoryStore {
      protected override async doUpdate(id: SessionId, change: SessionChange, options: WriteOptions) {
        const { name, ...rest } = change;
        const cut = name === undefined ? rest : { ...rest, name: name.split("\0")[0] ?? "" };
        return super.doUpdate(id, cut, options);
      }
    },
  ),

  plantedBug(
    "an entry type loses a field",
    ["create-every-type"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId) {
        const session = await super.doGet(id);
        const entries = session.entries.map((entry) =>
          entry.entryType.type === "tool_call"
            ? { ...entry, entryType: { ...entry.entryType, success: true } }
            : entry.entryType.type === "skill_execution"
              ? { ...entry, entryType: { ...entry.entryType, success: true } }
              : entry,
        );
        return { ...session, entries };
      }
    },
  ),

  plantedBug(
    "an id in upper case is another id",
    ["id-upper-case"],
    class extends MemoryStore {
      override async get(id: string) {
        if (typeof id === "string" && id.length === 36 && id !== id.toLowerCase()) throw notFound(id);
        return super.get(id);
      }
    },
  ),

  plantedBug(
    "what is no id is not found",
    ["id-hostile"],
    class extends MemoryStore {
      override async get(id: string) {
        try {
          return await super.get(id);
        } catch (error) {
          throw isSessionError(error, "invalid_input") ? notFound(String(id)) : error;
        }
      }
    },
  ),

  plantedBug(
    "an invalid id throws instead of rejecting",
    ["id-hostile"],
    class extends MemoryStore {
      override head(id: string): Promise<SessionHead> {
        if (typeof id !== "string" || id.length !== 36) throw notFound(String(id));
        return super.head(id);
      }
    },
  ),

  plantedBug(
    "a missing session is an error of no kind",
    ["call-missing", "delete-gone"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId) {
        try {
          return await super.doGet(id);
        } catch {
          throw new ForeignError("ENOENT");
        }
      }
    },
  ),

  plantedBug(
    "a missing session is an empty one",
    ["call-missing"],
    class extends MemoryStore {
      override async readEntries(...args: Parameters<MemoryStore["readEntries"]>) {
        try {
          return await super.readEntries(...args);
        } catch (error) {
          if (isSessionError(error, "not_found")) return { items: [], nextCursor: null, epoch: "" };
          throw error;
        }
      }
    },
  ),

  plantedBug(
    "unknown keys are ignored",
    ["refuse-unknown-keys"],
    class extends MemoryStore {
      override async create({ metadata, entries, context }: Session) {
        return super.create({ metadata, entries, context });
      }
    },
  ),

  plantedBug(
    "contents go through JSON.stringify",
    ["refuse-not-json"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        const through = (content: JsonValue) => {
          try {
            return (JSON.parse(JSON.stringify(content)) ?? null) as JsonValue;
          } catch {
            return content;
          }
        };
        if (!Array.isArray(entries)) return super.append(id, entries, options);
        return super.append(
          id,
          entries.map((entry: SessionEntry) => ({ ...entry, content: through(entry.content) })),
          options,
        );
      }
    },
  ),
];
