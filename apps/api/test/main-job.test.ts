import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openStore } from "@thulp-sessions/config";
import { copySessions, type SessionStore } from "@thulp-sessions/core";
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "../src/index.ts";

const ORIGINALS = join(
  import.meta.dirname,
  "../../../packages/store-fs/test/fixtures/thulp-corpus/accepted/written",
);
const MAIN_JOB = join(import.meta.dirname, "../examples/main-job.mjs");

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "thulp-main-job-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * What the script of docs/coming-from-thulp.md says of a server over this store; tests/document-tests types
 * the commands around it.
 */
async function transcript(store: SessionStore): Promise<string> {
  const server = await startServer({ store, port: 0 });
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN_JOB, server.url]);
    return stdout;
  } finally {
    await server.stop();
  }
}

async function copied(from: SessionStore, url: string): Promise<SessionStore> {
  const store = await openStore(url);
  // Some of the originals hold numbers on purpose that JavaScript can only round; all that is told here is
  // the same.
  const report = await copySessions(from, store, { allowLossy: true });
  expect(report.copied).toBe(await from.count());
  expect(report.conflicts).toEqual([]);
  return store;
}

test("the main job says the same whatever store is served, original files among them", {
  timeout: 60_000,
}, async () => {
  const folder = temporaryFolder();
  cpSync(ORIGINALS, join(folder, "sessions"), { recursive: true });
  const files = await openStore(`fs:${join(folder, "sessions")}`);
  const sqlite = await copied(files, `sqlite:${join(folder, "sessions.db")}`);
  const memory = await copied(files, "memory:");

  const told = {
    fs: await transcript(files),
    sqlite: await transcript(sqlite),
    memory: await transcript(memory),
  };
  expect(told.sqlite).toBe(told.fs);
  expect(told.memory).toBe(told.fs);
  expect(told.fs).toMatch(/^66 sessions, newest first:/);
  expect(told.fs).toContain("append: stored");
  expect(told.fs).toContain("the same again: was there");
  expect(told.fs).toContain("is completed");
  expect(told.fs).toContain("forked: 0190a3c5-7b1f-7d11-8e21-000000000001 has 2 entries");
  expect(told.fs.match(/^found: .*heliotrope migration/gm)).toHaveLength(1);

  // What the job has done to the files arrives in a database that they are copied into afterwards.
  const again = await openStore(`fs:${join(folder, "sessions")}`);
  const later = await copied(again, `sqlite:${join(folder, "later.db")}`);
  onTestFinished(() => again.close());
  expect(await transcript(later)).toContain("append: was there");
});
