import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newUuid, type SessionEntry, SessionManager, type StoredEntry } from "@thulp-sessions/core";
import { inspectStore, openFileStore, repairFile } from "@thulp-sessions/store-fs";
import { describe, expect, test } from "vitest";
import { bytesOf, copyInto, idOf, rejectedFiles } from "../corpus.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const ID = "aaaaaaaa-0000-4000-8000-000000000001";

/** A session of ten entries, its bytes, and where each entry begins. */
async function makeFile() {
  const dir = temporaryFolder();
  const store = await openFileStore({ dir, durability: "relaxed" });
  const manager = new SessionManager(store);
  await manager.createSession(
    "Precious",
    { type: "agent", agentName: "é" },
    { id: ID, context: { k: ["v"] } },
  );
  for (let i = 0; i < 10; i++) {
    await manager.addEntry(
      ID,
      { type: "user_message" },
      { text: `entry ${i} ü 日本`, nested: { a: [1, 2, { b: 3 }] } },
    );
  }
  const { entries } = await store.get(ID);
  await store.close();
  const path = join(dir, `${ID}.json`);
  const bytes = readFileSync(path);
  return { dir, path, bytes, entries, startOf: (seq: number) => bytes.indexOf(entries[seq]?.id as string) };
}

async function entriesIn(dir: string): Promise<readonly StoredEntry[]> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  try {
    // It can be written again, too.
    const next = {
      id: newUuid(),
      timestamp: 1,
      entryType: { type: "system_event", event: "next" },
      content: null,
    };
    await store.append(ID, [next as SessionEntry], { at: 1 });
    return (await store.get(ID)).entries.slice(0, -1);
  } finally {
    await store.close();
  }
}

function without(entries: readonly StoredEntry[], ...lost: number[]): unknown[] {
  return entries.filter(({ seq }) => !lost.includes(seq)).map((entry, seq) => ({ ...entry, seq }));
}

describe("a damaged file is told of, repaired on demand, and kept as it was", () => {
  const damages: [
    string,
    (file: Awaited<ReturnType<typeof makeFile>>) => { bytes: Buffer; lost: number[] },
  ][] = [
    [
      "a run of NUL bytes in an entry",
      ({ bytes, startOf }) => ({ bytes: Buffer.from(bytes).fill(0, startOf(4), startOf(4) + 30), lost: [4] }),
    ],
    [
      "a run of NUL bytes over two entries",
      ({ bytes, startOf }) => ({
        bytes: Buffer.from(bytes).fill(0, startOf(4) + 60, startOf(5) + 5),
        lost: [4, 5],
      }),
    ],
    [
      "invalid UTF-8",
      ({ bytes, startOf }) => {
        const damaged = Buffer.from(bytes);
        damaged[damaged.indexOf("ü", startOf(7))] = 0xff;
        return { bytes: damaged, lost: [7] };
      },
    ],
    [
      "half of a character",
      ({ bytes, startOf }) => {
        const at = bytes.indexOf("日", startOf(2));
        return { bytes: Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at + 3)]), lost: [2] };
      },
    ],
    [
      "a missing comma",
      ({ bytes, startOf }) => {
        const damaged = Buffer.from(bytes);
        damaged[damaged.lastIndexOf(",", startOf(6) - 10)] = 0x20;
        return { bytes: damaged, lost: [] };
      },
    ],
    [
      "an old, longer tail behind a newer, shorter text",
      ({ bytes, startOf }) => ({ bytes: Buffer.concat([bytes, bytes.subarray(startOf(7) - 20)]), lost: [] }),
    ],
    [
      "cut off in the middle of a character, in another layout than ours",
      ({ bytes, entries }) => {
        const compact = Buffer.from(JSON.stringify(JSON.parse(bytes.toString("utf8"))));
        const at = compact.indexOf("日", compact.indexOf(entries[6]?.id as string));
        return { bytes: compact.subarray(0, at + 1), lost: [6, 7, 8, 9] };
      },
    ],
    [
      "cut off between two entries, in another layout than ours",
      ({ bytes, entries }) => {
        const pretty = Buffer.from(JSON.stringify(JSON.parse(bytes.toString("utf8")), null, 4));
        const at = pretty.lastIndexOf(",", pretty.indexOf(entries[3]?.id as string));
        return { bytes: pretty.subarray(0, at), lost: [3, 4, 5, 6, 7, 8, 9] };
      },
    ],
    ["two files in one", ({ bytes }) => ({ bytes: Buffer.concat([bytes, bytes]), lost: [] })],
    [
      "its beginning cut off",
      ({ bytes, startOf }) => ({ bytes: bytes.subarray(startOf(3) - 20), lost: [0, 1, 2] }),
    ],
  ];
  test.each(damages)("%s", async (_, damage) => {
    const file = await makeFile();
    const { bytes, lost } = damage(file);
    writeFileSync(file.path, bytes);
    expect(await inspectStore(file.dir)).toEqual([
      expect.objectContaining({
        kind: "damaged",
        sessionId: ID,
        path: file.path,
        offset: expect.any(Number),
      }),
    ]);
    expect(readFileSync(file.path)).toEqual(bytes);
    const report = await repairFile(file.dir, ID);
    expect(report).toMatchObject({ id: ID, entryCount: 10 - lost.length });
    expect(readFileSync(report?.kept as string)).toEqual(bytes);
    expect(await entriesIn(file.dir)).toEqual(without(file.entries, ...lost));
    const kinds = (await inspectStore(file.dir)).map(({ kind }) => kind);
    expect(kinds).toEqual(["kept_bytes"]);
    expect(await repairFile(file.dir, ID)).toBe(null);
  });

  test("two files spliced: the entries of both that are whole", async () => {
    const one = await makeFile();
    const other = await makeFile();
    // In the middle of an entry of the one begins the middle of an entry of the other.
    const bytes = Buffer.concat([
      one.bytes.subarray(0, one.startOf(5) + 80),
      other.bytes.subarray(other.bytes.indexOf("nested", other.startOf(3))),
    ]);
    writeFileSync(one.path, bytes);
    expect((await inspectStore(one.dir)).map(({ kind }) => kind)).toEqual(["damaged"]);
    const report = await repairFile(one.dir, ID);
    expect(report).toMatchObject({ entryCount: 11, metadata: "kept", context: "kept" });
    expect(readFileSync(report?.kept as string)).toEqual(bytes);
    expect((await entriesIn(one.dir)).map(({ id, content }) => ({ id, content }))).toEqual(
      [...one.entries.slice(0, 5), ...other.entries.slice(4)].map(({ id, content }) => ({ id, content })),
    );
  });

  test("what can be read of metadata and context stays, what cannot is told", async () => {
    const file = await makeFile();
    const damaged = Buffer.from(file.bytes).fill(0, file.startOf(9), file.startOf(9) + 9);
    writeFileSync(file.path, Buffer.concat([damaged, damaged]));
    expect(await repairFile(file.dir, ID)).toMatchObject({ metadata: "kept", context: "kept", repeated: 9 });
    const store = await openFileStore({ dir: file.dir });
    expect(await store.head(ID)).toMatchObject({
      metadata: { name: "Precious" },
      context: { k: ["v"] },
      entryCount: 9,
    });
    await store.close();
    writeFileSync(file.path, file.bytes.subarray(file.startOf(0) - 20));
    expect(await repairFile(file.dir, ID)).toMatchObject({
      metadata: "made_up",
      context: "lost",
      entryCount: 10,
    });
    const again = await openFileStore({ dir: file.dir });
    expect(await again.head(ID)).toMatchObject({ metadata: { id: ID, tags: ["recovered"] }, entryCount: 10 });
    await again.close();
  });
});

test.each([
  ["an empty file", Buffer.alloc(0)],
  ["a file of NUL bytes", Buffer.alloc(500)],
  ["another kind of file", Buffer.from("Dear diary")],
])("%s has nothing to recover and stays as it is", async (_, bytes) => {
  const dir = temporaryFolder();
  const path = join(dir, `${ID}.json`);
  writeFileSync(path, bytes);
  await expect(repairFile(dir, ID)).rejects.toMatchObject({ code: "corrupt", details: { path } });
  expect(readFileSync(path)).toEqual(bytes);
  expect(readdirSync(dir).filter((name) => name !== ".locks")).toEqual([`${ID}.json`]);
});

test("every file that the original refuses is told of, and none is made worse", async () => {
  const dir = temporaryFolder();
  copyInto(dir, rejectedFiles);
  const findings = await inspectStore(dir);
  expect(
    findings
      .filter(({ kind }) => kind === "damaged")
      .map(({ sessionId }) => sessionId)
      .sort(),
  ).toEqual(rejectedFiles.map(idOf).sort());
  for (const file of rejectedFiles) {
    const report = await repairFile(dir, idOf(file)).catch(() => null);
    if (!report) {
      expect(readFileSync(join(dir, `${idOf(file)}.json`))).toEqual(bytesOf(file));
      continue;
    }
    expect(readFileSync(report.kept)).toEqual(bytesOf(file));
    const store = await openFileStore({ dir });
    expect((await store.get(idOf(file))).entries).toHaveLength(report.entryCount);
    await store.close();
  }
});

test("odd files are told of by kind, healthy ones are not", async () => {
  const { dir, bytes, path } = await makeFile();
  const name = (end: string) => `bbbbbbbb-0000-4000-8000-00000000000${end}`;
  writeFileSync(join(dir, `${name("1")}.json`), bytes);
  writeFileSync(join(dir, `${name("2")}.json`), bytes.subarray(0, -20));
  writeFileSync(join(dir, `${name("3").toUpperCase()}.json`), bytes);
  writeFileSync(`${path}.tmp-1-a`, "");
  writeFileSync(`${path}.torn-1`, "");
  writeFileSync(join(dir, "notes.txt"), "");
  mkdirSync(join(dir, `${name("4")}.json`));
  if (process.platform !== "win32") symlinkSync(path, join(dir, `${name("5")}.json`));
  const kinds = new Map(
    (await inspectStore(dir)).map((finding) => [finding.path.slice(dir.length + 1), finding.kind]),
  );
  expect(kinds.get(`${name("1")}.json`)).toBe("other_id");
  expect(kinds.get(`${name("3").toUpperCase()}.json`)).toBe("misnamed");
  expect(kinds.get(`${ID}.json.tmp-1-a`)).toBe("temporary");
  expect(kinds.get(`${ID}.json.torn-1`)).toBe("kept_bytes");
  expect(kinds.get("notes.txt")).toBe("foreign");
  expect(kinds.get(`${name("4")}.json`)).toBe("unsupported");
  expect(kinds.has(`${ID}.json`)).toBe(false);
  const torn = (await inspectStore(dir)).filter(({ path: each }) => each.includes(name("2")));
  expect(torn.map(({ kind }) => kind)).toEqual(["torn", "other_id"]);
  await expect(repairFile(dir, name("9"))).rejects.toMatchObject({ code: "not_found" });
});
