import fs, {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SessionManager, type SessionMetadata } from "@thulp-sessions/core";
import { inspectStore, openFileStore } from "@thulp-sessions/store-fs";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../temporary-folder.ts";

const COUNT = 120;

/** When all files were last written, as they say; in seconds. */
const WRITTEN = 1_700_000_000;

afterEach(() => {
  vi.restoreAllMocks();
});

/** A folder of sessions that a process has listed, some time after they were written. */
async function listedFolder(): Promise<string> {
  const dir = join(temporaryFolder(), "sessions");
  const store = await openFileStore({ dir, durability: "relaxed" });
  const manager = new SessionManager(store);
  for (let i = 0; i < COUNT; i++)
    await manager.createSession(`session ${i}`, { type: "agent", agentName: "a" });
  await store.close();
  for (const name of readdirSync(dir))
    if (name.endsWith(".json")) utimesSync(join(dir, name), WRITTEN, WRITTEN);
  const now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now + 60_000);
  await sessionsIn(dir);
  return dir;
}

/**
 * As a new process finds them: a new store remembers nothing by itself. Also tells how many files it has
 * opened for that.
 */
async function listAnew(dir: string): Promise<{ sessions: SessionMetadata[]; opened: number }> {
  const store = await openFileStore({ dir, durability: "relaxed" });
  onTestFinished(() => store.close());
  const open = vi.spyOn(fs, "openSync");
  const sessions: SessionMetadata[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ limit: 1000, orderBy: "createdAt", direction: "asc", cursor });
    sessions.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const opened = open.mock.calls.filter(([path]) => String(path).endsWith(".json")).length;
  open.mockRestore();
  await store.close();
  return { sessions, opened };
}

async function sessionsIn(dir: string): Promise<SessionMetadata[]> {
  return (await listAnew(dir)).sessions;
}

const cacheOf = (dir: string) => join(dir, ".cache", "heads-2");

test("a process that lists many sessions leaves their heads to the next one", async () => {
  const dir = await listedFolder();
  const { sessions, opened } = await listAnew(dir);
  expect(opened).toBe(0);
  expect(sessions.map(({ name }) => name)).toEqual(Array.from({ length: COUNT }, (_, i) => `session ${i}`));
  rmSync(join(dir, ".cache"), { recursive: true });
  const read = await listAnew(dir);
  expect(read.opened).toBe(COUNT);
  expect(sessions).toEqual(read.sessions);
  for (const each of sessions) expect(Object.isFrozen(each) && Object.isFrozen(each.tags)).toBe(true);
});

test("what was changed, replaced, removed or added since is read, whatever its size and its time of writing", async () => {
  const dir = await listedFolder();
  const [changed, replaced, removed, ...rest] = (await sessionsIn(dir)) as [
    SessionMetadata,
    SessionMetadata,
    SessionMetadata,
    ...SessionMetadata[],
  ];
  const pathOf = ({ id }: { id: string }) => join(dir, `${id}.json`);
  const renamed = (each: SessionMetadata, name: string) => {
    const text = readFileSync(pathOf(each), "utf8").replace(`"${each.name}"`, `"${name}"`);
    return (path: string) => {
      writeFileSync(path, text);
      utimesSync(path, WRITTEN, WRITTEN);
    };
  };
  renamed(changed, "SESSION 0")(pathOf(changed));
  renamed(replaced, "SESSION 1")(`${pathOf(replaced)}.new`);
  renameSync(`${pathOf(replaced)}.new`, pathOf(replaced));
  const added = "aaaaaaaa-0000-4000-8000-000000000001";
  writeFileSync(pathOf({ id: added }), readFileSync(pathOf(removed)));
  rmSync(pathOf(removed));

  const { sessions, opened } = await listAnew(dir);
  expect(opened).toBe(3);
  const names = new Map(sessions.map(({ id, name }) => [id as string, name]));
  expect(names.get(changed.id)).toBe("SESSION 0");
  expect(names.get(replaced.id)).toBe("SESSION 1");
  expect(names.get(removed.id)).toBeUndefined();
  expect(names.get(added)).toBe(removed.name);
  expect(names.size).toBe(rest.length + 3);
});

test.each([
  ["cut short", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
  [
    "another in one letter",
    (bytes: Buffer) => Buffer.from(bytes.toString().replace("session 7", "session 8")),
  ],
  ["of blanks", (bytes: Buffer) => Buffer.alloc(bytes.length, " ")],
  ["empty", () => Buffer.alloc(0)],
])("a file of heads that is %s is not believed, and made anew", async (_, spoil) => {
  const dir = await listedFolder();
  const whole = readFileSync(cacheOf(dir));
  writeFileSync(cacheOf(dir), spoil(whole));
  const { sessions, opened } = await listAnew(dir);
  expect(opened).toBe(COUNT);
  expect(sessions.map(({ name }) => name)).toEqual(Array.from({ length: COUNT }, (_, i) => `session ${i}`));
  expect(readFileSync(cacheOf(dir)).length).toBe(whole.length);
  expect((await listAnew(dir)).opened).toBe(0);
});

test("what was written a moment ago is not remembered: it may be written again at the same time", async () => {
  const dir = await listedFolder();
  rmSync(join(dir, ".cache"), { recursive: true });
  vi.restoreAllMocks();
  const now = Date.now();
  for (const name of readdirSync(dir)) if (name.endsWith(".json")) chmodSync(join(dir, name), 0o600);
  vi.spyOn(Date, "now").mockReturnValue(now);
  await sessionsIn(dir);
  expect((await listAnew(dir)).opened).toBe(COUNT);
});

test("it is for the owner's eyes, not for version control, and no finding", async () => {
  const dir = await listedFolder();
  expect(readFileSync(join(dir, ".cache", ".gitignore"), "utf8")).toBe("*\n");
  expect(readdirSync(join(dir, ".cache")).sort()).toEqual([".gitignore", "heads-2"]);
  expect(await inspectStore(dir)).toEqual([]);
  if (process.platform === "win32") return;
  expect(statSync(cacheOf(dir)).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, ".cache")).mode & 0o777).toBe(0o700);
});

test("where it cannot be written the sessions are listed all the same", async () => {
  const dir = await listedFolder();
  rmSync(join(dir, ".cache"), { recursive: true });
  writeFileSync(join(dir, ".cache"), "a file");
  expect((await sessionsIn(dir)).length).toBe(COUNT);
  rmSync(join(dir, ".cache"));
  mkdirSync(cacheOf(dir), { recursive: true });
  expect((await sessionsIn(dir)).length).toBe(COUNT);
  expect(readdirSync(join(dir, ".cache"))).toEqual([".gitignore", "heads-2"]);
});

test("a few sessions leave nothing", async () => {
  const dir = join(temporaryFolder(), "sessions");
  const store = await openFileStore({ dir, durability: "relaxed" });
  await new SessionManager(store).createSession("one", { type: "agent", agentName: "a" });
  await store.list();
  await store.close();
  expect(existsSync(join(dir, ".cache"))).toBe(false);
});
