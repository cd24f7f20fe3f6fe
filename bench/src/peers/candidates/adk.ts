import { join } from "node:path";
import type { SessionEntry } from "@thulp-sessions/core";
import Database from "better-sqlite3";
import { loadPeer } from "../../harness/peer-packages.ts";
import { type Adapter, type OpenAdapter, textOfEntry } from "./adapter.ts";

interface Event {
  readonly id: string;
  readonly timestamp: number;
  readonly content: { readonly parts: readonly { readonly text: string }[] };
}
interface Session {
  readonly id: string;
  readonly events: readonly Event[];
}
interface Service {
  createSession(given: object): Promise<Session>;
  getSession(given: object): Promise<Session | undefined>;
  listSessions(given: object): Promise<{ readonly sessions: readonly Session[] }>;
  appendEvent(given: { session: Session; event: Event }): Promise<unknown>;
}
interface Adk {
  readonly DatabaseSessionService: new (options: { driver: unknown; dbName: string }) => Service;
  createEvent(given: object): Event;
}

const APP = { appName: "bench", userId: "user" };

/**
 * `DatabaseSessionService` of Google's ADK on MikroORM and libsql, with its own settings: a rollback journal,
 * FULL.
 *
 * Longer than most functions: the whole adapter, one method for each thing that is measured.
 */
export async function loadAdk(): Promise<OpenAdapter> {
  const { DatabaseSessionService, createEvent } = await loadPeer<Adk>("adk");
  const { LibSqlDriver } = await loadPeer<{ LibSqlDriver: unknown }>("mikroOrmLibsql");
  return async (folder): Promise<Adapter> => {
    const file = join(folder, "adk.db");
    const service = new DatabaseSessionService({ driver: LibSqlDriver, dbName: file });
    await service.getSession({ ...APP, sessionId: "none" });
    const sessions = new Map<string, Session>();
    let time = 1_800_000_000_000;
    const event = (entry: SessionEntry, timestamp = time++) =>
      createEvent({
        id: entry.id,
        author: "user",
        timestamp,
        content: { role: "user", parts: [{ text: textOfEntry(entry) }] },
      });
    const sessionOf = async (id: string): Promise<Session> => {
      const session = sessions.get(id) ?? (await service.getSession({ ...APP, sessionId: id }));
      if (!session) throw new Error(`ADK has no session ${id}`);
      sessions.set(id, session);
      return session;
    };
    const pattern = patternOf(service, event);
    return {
      /**
       * Ten thousand of its appends take minutes: the rows are copied from those that it wrote for a first
       * session.
       */
      async make(sessions) {
        const first = await pattern();
        const db = new Database(file, { timeout: 5_000 });
        const row = db.prepare("SELECT * FROM events WHERE session_id = ?").get(first) as Record<
          string,
          unknown
        >;
        const columns = Object.keys(row);
        const insert = db.prepare(
          `INSERT INTO events (${columns}) VALUES (${columns.map((name) => `@${name}`)})`,
        );
        const create = db.prepare(
          "INSERT INTO sessions SELECT ?, app_name, user_id, state, ?, ? FROM sessions WHERE id = ?",
        );
        const fill = db.transaction(() => {
          for (const { id, entries, updatedAt } of sessions) {
            create.run(id, updatedAt, updatedAt, first);
            for (const [i, entry] of entries.entries()) {
              const timestamp = updatedAt - entries.length + i;
              const data = JSON.parse(String(row["event_data"]));
              Object.assign(data, { id: entry.id, timestamp });
              data.content.parts[0].text = textOfEntry(entry);
              insert.run({
                ...row,
                id: entry.id,
                session_id: id,
                timestamp,
                event_data: JSON.stringify(data),
              });
            }
          }
        });
        fill.immediate();
        db.close();
      },
      append: async (id, entry) =>
        void (await service.appendEvent({ session: await sessionOf(id), event: event(entry) })),
      load: async (sessionId) => (await service.getSession({ ...APP, sessionId }))?.events ?? [],
      last: async (sessionId, count) =>
        (await service.getSession({ ...APP, sessionId, config: { numRecentEvents: count } }))?.events ?? [],
      textOf: (entry) => (entry as Event).content.parts[0]?.text ?? "",
      list: async (limit) =>
        (await service.listSessions({ appName: APP.appName, limit, offset: 0, order: "desc" })).sessions,
      async settings() {
        const db = new Database(file, { readonly: true });
        const mode = String(db.pragma("journal_mode", { simple: true })).toUpperCase();
        db.close();
        return `its own: journal ${mode}, synchronous as libsql has it (FULL)`;
      },
      close: async () => {},
    };
  };
}

/** Has the service write one session with one event, once, and gives its id. */
function patternOf(service: Service, event: (entry: SessionEntry) => Event): () => Promise<string> {
  const entry = { id: "pattern", content: { text: "pattern" } } as unknown as SessionEntry;
  let made: Promise<string> | undefined;
  const make = async () => {
    const known = await service.getSession({ ...APP, sessionId: "pattern" });
    if (known) return "pattern";
    // The oldest of all, so that it is on no first page.
    const session = await service.createSession({ ...APP, sessionId: "pattern" });
    await service.appendEvent({ session, event: { ...event(entry), timestamp: 1 } });
    return "pattern";
  };
  return () => {
    made ??= make();
    return made;
  };
}
