import { openStore } from "@thulp-sessions/config";
import { type EntryDraft, newUuid, SessionManager, type SessionStatus } from "@thulp-sessions/core";
import { sessionOf } from "../harness/data.ts";

/** How much there is to look at. */
export interface ViewerSize {
  readonly sessions: number;
  /** Of the one long session. */
  readonly entries: number;
}

/** A store to look at. */
export interface ViewerData {
  /** The session of many entries. */
  readonly long: string;
  /** One of a hundred entries, which is followed. */
  readonly followed: string;
}

const STATUSES: readonly SessionStatus[] = ["completed", "completed", "completed", "active", "failed"];
const AT_A_TIME = 500;
const BATCH = 5000;

/** Writes sessions as agents leave them, and one that is very long. */
export async function writeViewerData(url: string, { sessions, entries }: ViewerSize): Promise<ViewerData> {
  const store = await openStore(url, { durability: "relaxed" });
  const manager = new SessionManager(store);
  for (let made = 0; made < sessions; made += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, sessions - made);
    await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const n = made + i;
        const times = { createdAt: 1_700_000_000_000 + n * 1000, updatedAt: 1_700_000_000_000 + n * 1000 };
        return store.create(
          sessionOf(newUuid(), {
            name: `Session ${n}`,
            sessionType: { type: "agent", agentName: `agent-${n % 7}` },
            status: STATUSES[n % STATUSES.length] as SessionStatus,
            tags: [`team-${n % 20}`],
            ...times,
          }),
        );
      }),
    );
  }
  const long = await manager.createSession("The long one", { type: "agent", agentName: "long" });
  for (let made = 0; made < entries; made += BATCH) {
    const count = Math.min(BATCH, entries - made);
    await manager.addEntries(
      long.metadata.id,
      Array.from({ length: count }, (_, i) => draft(made + i)),
    );
  }
  const followed = await manager.createSession("The followed one", { type: "agent", agentName: "live" });
  await manager.addEntries(
    followed.metadata.id,
    Array.from({ length: 100 }, (_, i) => draft(i)),
  );
  await store.close();
  return { long: long.metadata.id, followed: followed.metadata.id };
}

/** A turn of ten entries: what was asked, calls of tools of which one in fifty fails, what was answered. */
function draft(n: number): EntryDraft {
  const place = n % 10;
  const word = n % 100 === 7 ? " zebra" : "";
  if (place === 0) return text("user_message", `Please look at number ${n}.${word}`);
  if (place < 7) {
    const success = n % 50 !== 3;
    const content = { file_path: `src/file-${n}.ts`, output: success ? "done" : `error in line ${n}` };
    return { entryType: { type: "tool_call", toolName: place < 4 ? "Read" : "Edit", success }, content };
  }
  return text(
    "assistant_message",
    `Number ${n}: ${"what was found is **told** here. ".repeat(1 + (n % 7))}${word}`,
  );
}

function text(type: "user_message" | "assistant_message", said: string): EntryDraft {
  return { entryType: { type }, content: { text: said } };
}
