import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, type SessionId } from "@thulp-sessions/core";
import { openFileStore } from "@thulp-sessions/store-fs";
import { expect, test } from "vitest";
import { ByteWindow, bufferSource } from "../../src/format/byte-window.ts";
import { FormatError } from "../../src/format/serde/format-error.ts";
import { contentOf } from "../../src/session/load-state.ts";
import { acceptedFiles, bytesOf, idOf, rejectedFiles } from "../corpus.ts";
import { temporaryFolder } from "../temporary-folder.ts";

// A session read through a window that slides over the file has to be the one that is read as a whole,
// wherever the edges of the window fall: within a key, a number, an escape, a character.

const ID = "aaaaaaaa-0000-4000-8000-000000000001" as SessionId;

/** What is found through a window of that length: all of it, or the damage that leaves nothing. */
function through(id: SessionId, bytes: Buffer, length = Math.max(1, bytes.length)) {
  const window = new ByteWindow(bufferSource(bytes), length);
  try {
    // The checkpoints follow the window.
    const { index, checkpoints: _, ...rest } = contentOf(id, window);
    const places = Array.from({ length: index.count }, (_, seq) => [
      index.startOf(seq),
      index.endOf(seq),
      index.isInexact(seq),
    ]);
    return { ...rest, places, last: rest.lastId && index.find(rest.lastId as never) };
  } catch (error) {
    if (error instanceof FormatError) return { damage: error, places: [] };
    throw error;
  }
}

test("the files of the original, accepted and refused", () => {
  let refused = 0;
  for (const file of [...acceptedFiles, ...rejectedFiles]) {
    const id = idOf(file) as SessionId;
    const bytes = bytesOf(file);
    const whole = through(id, bytes);
    if (whole.damage) refused++;
    for (const length of [64, 333, 5_000]) expect(through(id, bytes, length), id).toEqual(whole);
  }
  expect(refused).toBeGreaterThan(rejectedFiles.length / 2);
});

test("a session of ours, laid out as we do and otherwise, at every shift of the edges", async () => {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  const texts = ["x", "é", "日本", "\ud83d\ude00", '"\\\n\u0001', "plain text "];
  const entries = Array.from({ length: 60 }, (_, i) => ({
    id: newUuid(),
    timestamp: i,
    entryType: i % 3 === 0 ? { type: "tool_call", toolName: "t", success: true } : { type: "user_message" },
    content: { text: (texts[i % texts.length] as string).repeat((i * 37) % 300), number: 1.5e-7 * i },
  }));
  const metadata = {
    id: ID,
    name: "",
    sessionType: { type: "agent", agentName: "a" },
    createdAt: 1,
    updatedAt: 1,
    status: "active",
    tags: [],
    parentSession: null,
  };
  await store.create({ metadata, entries: [], context: { key: "value" } } as never);
  await store.append(ID, entries as unknown as SessionEntry[], { at: 2 });
  await store.close();
  const ours = readFileSync(join(dir, `${ID}.json`));
  const { context, ...rest } = JSON.parse(ours.toString("utf8"));
  // As the original orders it, and with a number that JavaScript rounds.
  const foreign = JSON.stringify({ ...rest, context }).replace(
    '"number":0}',
    '"number":0.10000000000000000555}',
  );
  for (const text of [ours.toString("utf8"), foreign, JSON.stringify({ ...rest, context }, null, 4)]) {
    for (let shift = 0; shift < 150; shift++) {
      const bytes = Buffer.from(
        text.replace(/"name": ?""/, (name) => `${name.slice(0, -1)}${"n".repeat(shift)}"`),
      );
      const whole = through(ID, bytes);
      expect(whole.places).toHaveLength(60);
      expect(through(ID, bytes, 4_096)).toEqual(whole);
    }
  }
  // Damage behind the first window is found at the same place.
  const damaged = Buffer.from(ours);
  damaged[damaged.length - 500] = 0xff;
  const whole = through(ID, damaged);
  expect(whole).toMatchObject({ tail: { kind: "torn" } });
  for (const length of [4_096, 5_000, 9_999]) expect(through(ID, damaged, length)).toEqual(whole);
  damaged[ours.indexOf('"context"') + 1] = 0xff;
  const early = through(ID, damaged);
  expect(early.damage).not.toBeNull();
  for (const length of [64, 333, 4_096]) expect(through(ID, damaged, length)).toEqual(early);
});
