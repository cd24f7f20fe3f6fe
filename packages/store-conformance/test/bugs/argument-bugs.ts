import {
  isSessionError,
  type ListQuery,
  type Session,
  type SessionChange,
  type SessionEntry,
  type SessionFilter,
  type SessionHead,
  type SessionId,
  type StoredSession,
  type WriteOptions,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { invalidInput } from "@thulp-sessions/core/store";
import { ForeignError, type PlantedBug, plantedBug } from "./planted-bug.ts";

/** A store that changes each session it is asked to create, before anything is checked. */
function changingCreate(change: (session: Session) => Session) {
  return class extends MemoryStore {
    override async create(session: Session) {
      return super.create(change(session));
    }
  };
}

function withMetadata(session: Session, change: Partial<Session["metadata"]>): Session {
  return { ...session, metadata: { ...session.metadata, ...change } };
}

/** Arguments that are taken and should not be, or the other way round. */
export const argumentBugs: readonly PlantedBug[] = [
  plantedBug(
    "it has no location",
    ["call-surface"],
    class extends MemoryStore {
      override readonly location: never = "" as never;
    },
  ),

  plantedBug(
    "its kind is that of one store only",
    ["call-kind"],
    class extends MemoryStore {
      override readonly kind: never = crypto.randomUUID().slice(0, 8) as never;
    },
  ),

  plantedBug(
    "an entry with a bad id is given another",
    ["id-hostile-entry"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        try {
          return await super.append(id, entries, options);
        } catch (error) {
          if (!isSessionError(error, "invalid_input") || !error.details.field?.endsWith("].id")) throw error;
          const known = entries.map((entry) => ({ ...entry, id: crypto.randomUUID() as SessionEntry["id"] }));
          return super.append(id, known, options);
        }
      }
    },
  ),

  plantedBug(
    "only ids of a known version are ids",
    ["id-any-uuid"],
    changingCreate((session) => {
      if (/^.{14}[0f]/.test(session.metadata.id)) throw invalidInput("not a UUID", { field: "id" });
      return session;
    }),
  ),

  plantedBug(
    "a session without a name is given one",
    ["create-empty"],
    changingCreate((session) => withMetadata(session, { name: session.metadata.name || "Untitled" })),
  ),

  plantedBug(
    "a session with a version cannot be created",
    ["create-from-stored"],
    changingCreate((session) => {
      if ("version" in session) throw invalidInput("unknown key", { field: "session" });
      return session;
    }),
  ),

  plantedBug(
    "a context that is none is an empty one",
    ["refuse-context"],
    changingCreate((session) => ({
      ...session,
      context: Object.fromEntries(Object.entries(session.context ?? {})),
    })),
  ),

  plantedBug(
    "a missing context is an empty one",
    ["refuse-missing-fields"],
    changingCreate((session) => ({ ...session, context: session.context ?? {} })),
  ),

  plantedBug(
    "half a character is replaced",
    ["refuse-lone-surrogates"],
    changingCreate((session) =>
      withMetadata(session, { name: String(session.metadata.name).toWellFormed() }),
    ),
  ),

  plantedBug(
    "a long name is cut",
    ["refuse-sizes"],
    changingCreate((session) => withMetadata(session, { name: session.metadata.name.slice(0, 20_000) })),
  ),

  plantedBug(
    "frozen sessions are not taken",
    ["copy-frozen-input"],
    changingCreate((session) => {
      if (Object.isFrozen(session)) throw new ForeignError("Cannot add property seq");
      return session;
    }),
  ),

  plantedBug(
    "contents below 100 levels are refused",
    ["value-depth"],
    changingCreate((session) => {
      if (/[[{]{100}|({"k":){100}/.test(JSON.stringify(session.entries)))
        throw invalidInput("too deep", { field: "entries" });
      return session;
    }),
  ),

  plantedBug(
    "an entry of one megabyte is too long",
    ["value-large", "value-longest-entry"],
    class extends MemoryStore {
      override async append(...[id, entries, options]: Parameters<MemoryStore["append"]>) {
        if (JSON.stringify(entries)?.length > 1_000_000) throw invalidInput("too long", { field: "entries" });
        return super.append(id, entries, options);
      }
    },
  ),

  plantedBug(
    "zero has a sign",
    ["value-minus-zero"],
    class extends MemoryStore {
      protected override async doGet(id: SessionId): Promise<StoredSession> {
        const session = await super.doGet(id);
        const entries = session.entries.map((entry) => ({
          ...entry,
          content: entry.content === 0 ? -0 : entry.content,
        }));
        return { ...session, entries };
      }
    },
  ),

  plantedBug(
    "times are rounded",
    ["refuse-wrong-values"],
    class extends MemoryStore {
      override async update(id: string, change: SessionChange, options: WriteOptions) {
        const at = typeof options?.at === "number" ? Math.floor(options.at) : options?.at;
        return super.update(id, change, { ...options, at });
      }
    },
  ),

  plantedBug(
    "of a whole context and single keys one is taken",
    ["update-context-both"],
    class extends MemoryStore {
      override async update(id: string, change: SessionChange, options: WriteOptions) {
        if (change?.context === undefined) return super.update(id, change, options);
        const { setContext: _, removeContext: __, ...rest } = change;
        return super.update(id, rest, options);
      }
    },
  ),

  plantedBug(
    "limits of pages are brought into range",
    ["read-invalid"],
    class extends MemoryStore {
      override async readEntries(...[id, query = {}]: Parameters<MemoryStore["readEntries"]>) {
        if (typeof query?.limit !== "number") return super.readEntries(id, query);
        return super.readEntries(id, { ...query, limit: Math.min(1000, Math.max(1, query.limit)) });
      }
    },
  ),

  plantedBug(
    "limits of searches are brought into range",
    ["search-invalid"],
    class extends MemoryStore {
      override async search(query: Parameters<MemoryStore["search"]>[0]) {
        if (typeof query?.limit !== "number") return super.search(query);
        return super.search({ ...query, limit: Math.min(200, Math.max(1, Math.floor(query.limit))) });
      }
    },
  ),

  plantedBug(
    "a filter that cannot be matches nothing",
    ["filter-hostile", "refuse-unknown-keys"],
    class extends MemoryStore {
      override async count(filter?: SessionFilter): Promise<never> {
        try {
          return (await super.count(filter)) as never;
        } catch (error) {
          if (isSessionError(error, "invalid_input")) return 0 as never;
          throw error;
        }
      }
    },
  ),

  plantedBug(
    "a query is read when its turn comes",
    ["copy-query-changed"],
    class extends MemoryStore {
      override async list(query?: ListQuery): Promise<never> {
        await Promise.resolve();
        return super.list(query) as never;
      }
    },
  ),

  plantedBug(
    "a time beyond the last safe integer is not refused",
    ["time-last"],
    class extends MemoryStore {
      protected override async doUpdate(
        id: SessionId,
        change: SessionChange,
        options: WriteOptions,
      ): Promise<SessionHead> {
        try {
          return await super.doUpdate(id, change, options);
        } catch (error) {
          if (isSessionError(error, "unsupported")) return super.doHead(id);
          throw error;
        }
      }
    },
  ),
];
