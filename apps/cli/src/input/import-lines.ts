import {
  firstRoundedWhole,
  type SessionEntry,
  type SessionMetadata,
  type SessionStore,
} from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { usage } from "../terminal/exit.ts";
import { parseEntryLine } from "./entry-lines.ts";
import { parseObject } from "./read-input.ts";

interface Begun {
  readonly place: string;
  readonly metadata: SessionMetadata;
  readonly context: Readonly<Record<string, never>>;
  readonly entries: SessionEntry[];
}

/**
 * The sessions in what `export --format jsonl` has written, in memory.
 *
 * @throws {Failure} that names the line that is wrong.
 */
export async function readSessionLines(text: string, name: string): Promise<SessionStore> {
  const store = new MemoryStore();
  let begun: Begun | undefined;
  const finish = async () => {
    if (!begun) return;
    const { place, ...session } = begun;
    try {
      await store.create(session);
    } catch (error) {
      throw usage(`${place}: ${(error as Error).message}`);
    }
  };
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const place = `${name}, line ${i + 1}`;
    const { type, metadata, context } = parseObject(line, place);
    if (type === "session") {
      if (firstRoundedWhole(line) !== null)
        throw usage(`${place}: it holds a whole number beyond 2^53, which would be rounded.`);
      await finish();
      begun = {
        place,
        metadata: metadata as SessionMetadata,
        context: context as Begun["context"],
        entries: [],
      };
    } else if (type === "entry" && begun) {
      const entry = parseEntryLine(line, place);
      if (entry.id === undefined || entry.timestamp === undefined)
        throw usage(`${place}: an entry has an id and a timestamp here.`);
      begun.entries.push(entry as SessionEntry);
    } else
      throw usage(
        `${place}: expected {"type":"session",...}, then {"type":"entry",...} for each of its entries.`,
      );
  }
  await finish();
  return store;
}
