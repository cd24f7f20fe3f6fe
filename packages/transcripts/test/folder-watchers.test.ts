import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FolderWatchers } from "../src/follow/folder-watchers.ts";
import { tempFolder } from "./places.ts";

/** Watches until the test ends; `ring` waits for the next time that it is told of something. */
function watchers() {
  let [rings, taken] = [0, 0];
  let wake = () => {};
  const made = new FolderWatchers(() => {
    rings++;
    wake();
  });
  onTestFinished(() => made.close());
  const ring = async () => {
    while (rings === taken) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    taken = rings;
  };
  return { watch: (folders: readonly string[]) => made.watch(folders), ring, isQuiet: () => rings === taken };
}

function folderIn(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test("files that come, are moved and go are told of, and so is each folder that is watched from now on", async () => {
  const root = tempFolder();
  const { watch, ring, isQuiet } = watchers();
  watch([root]);
  await ring();
  watch([root]);
  expect(isQuiet()).toBe(true);
  writeFileSync(join(root, "a"), "");
  await ring();
  renameSync(join(root, "a"), join(root, "b"));
  await ring();
  const inner = folderIn(root, "inner");
  await ring();
  watch([root, inner]);
  writeFileSync(join(inner, "c"), "");
  await ring();
  rmSync(join(inner, "c"));
  await ring();
});

test("a folder that is not there, or not any more, is told of once, and holds nobody up", async () => {
  const root = tempFolder();
  const gone = join(root, "gone");
  const { watch, ring, isQuiet } = watchers();
  watch([root, gone]);
  await ring();
  watch([root, gone]);
  expect(isQuiet()).toBe(true);
  watch([root]);
  folderIn(root, "gone");
  await ring();
  watch([root, gone]);
  writeFileSync(join(gone, "a"), "");
  await ring();
});

/** How much of what the system lets a person watch this process has taken. */
function watched(): number {
  const folder = "/proc/self/fdinfo";
  const infos = readdirSync(folder).filter((name) => existsSync(join(folder, name)));
  return infos.flatMap((name) => readFileSync(join(folder, name), "utf8").match(/inotify wd/g) ?? []).length;
}

test.runIf(process.platform === "linux")("files are not watched one by one, and folders up to 1,000", () => {
  const root = tempFolder();
  for (let i = 0; i < 300; i++) writeFileSync(join(root, String(i)), "");
  const { watch } = watchers();
  const before = watched();
  watch([root]);
  expect(watched() - before).toBe(1);
  const folders = Array.from({ length: 1200 }, (_, i) => folderIn(root, `f${i}`));
  watch([root, ...folders]);
  expect(watched() - before).toBe(1000);
  watch([]);
  expect(watched() - before).toBe(0);
});
