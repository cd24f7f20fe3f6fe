import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StoreWarning } from "@thulp-sessions/core";
import { expect, onTestFinished, test, vi } from "vitest";
import { problemOfType } from "../src/connection/mounts.ts";
import { session } from "./session-data.ts";
import { openAt, tempFolder } from "./temp-store.ts";

/** Mounts something until the test is over. False where that is not possible: it takes root on Linux. */
function mount(place: string, ...args: string[]): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  if (spawnSync("mount", [...args, place], { stdio: "ignore" }).status !== 0) return false;
  onTestFinished(() => {
    spawnSync("umount", [place]);
  });
  return true;
}

test("a single file that is mounted is refused: its log would be in another place", async ({ skip }) => {
  const folder = await tempFolder();
  const inside = join(folder, "in side");
  mkdirSync(inside);
  const [file, mounted] = [join(folder, "sessions.db"), join(inside, "sessions.db")];
  await (await openAt(file)).close();
  writeFileSync(mounted, "");
  if (!mount(mounted, "--bind", file)) skip("mounting takes root on Linux");
  await expect(openAt(mounted)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining("Mount its folder instead"),
    details: { path: mounted },
  });
  expect(existsSync(`${mounted}-wal`)).toBe(false);
  await (await openAt(file)).create(session());
});

test("a file in the layers of a container is warned of", async ({ skip }) => {
  const folder = await tempFolder();
  const [lower, upper, work, place] = ["lower", "upper", "work", "place"].map((name) => join(folder, name));
  for (const each of [lower, upper, work, place]) mkdirSync(each as string);
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  if (!mount(place as string, "-t", "overlay", "-o", options, "overlay"))
    skip("mounting takes root on Linux");
  const warnings: StoreWarning[] = [];
  vi.stubEnv("TMPDIR", "/elsewhere");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const file = join(place as string, "sessions.db");
  const store = await openAt(file, { onWarning: (warning) => warnings.push(warning) });
  await store.create(session());
  expect(warnings).toEqual([
    { code: "unsupported", path: file, message: expect.stringContaining("Put its folder on a volume") },
  ]);
  await store.close();
});

test("network drives and shared folders are warned of, other disks are not", async () => {
  expect(problemOfType(0x6969, "/data/s.db")).toContain("network drive (NFS)");
  expect(problemOfType(0, "\\\\server\\share\\s.db")).toContain("a network share");
  expect(problemOfType(0x65735546, "/data/s.db")).toContain("FUSE");
  expect(problemOfType(0xef53, "/data/s.db")).toBeNull();
  const warnings: StoreWarning[] = [];
  const file = join(await tempFolder(), "sessions.db");
  await openAt(file, { onWarning: (warning) => warnings.push(warning) });
  expect(warnings).toEqual([]);
});
