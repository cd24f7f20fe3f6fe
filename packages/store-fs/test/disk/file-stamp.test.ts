import fs, { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { infoOf, infoOfOpen, isUnchangedAndNamed, sameFile, sameStamp } from "../../src/disk/file-stamp.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const { lstatSync, fstatSync } = fs;

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * A file system that numbers its files with all 64 bits: what a number cannot hold is rounded, as Node does
 * it.
 */
function withLargeNumbers(): void {
  const large = <T extends fs.Stats | fs.BigIntStats | undefined>(stat: T): T => {
    if (stat === undefined) return stat;
    const ino = typeof stat.ino === "bigint" ? stat.ino + 2n ** 60n : Number(BigInt(stat.ino) + 2n ** 60n);
    return Object.assign(Object.create(Object.getPrototypeOf(stat)), stat, { ino });
  };
  vi.spyOn(fs, "lstatSync").mockImplementation(((path: string, options: fs.StatSyncOptions) =>
    large(lstatSync(path, options))) as never);
  vi.spyOn(fs, "fstatSync").mockImplementation(((descriptor: number, options: fs.StatOptions) =>
    large(fstatSync(descriptor, options))) as never);
}

function twoFiles(): { paths: [string, string]; descriptors: [number, number] } {
  const dir = mkdtempSync(join(temporaryFolder(), "stamps-"));
  const paths: [string, string] = [join(dir, "a"), join(dir, "b")];
  for (const path of paths) writeFileSync(path, "text");
  const [a, b] = paths.map((path) => fs.openSync(path, "r+")) as [number, number];
  return { paths, descriptors: [a, b] };
}

test.each(["small", "large"])(
  "files with %s numbers are told apart, by path and by descriptor",
  (numbers) => {
    if (numbers === "large") withLargeNumbers();
    const { paths, descriptors } = twoFiles();
    const stamps = paths.map((path) => infoOf(path) as NonNullable<ReturnType<typeof infoOf>>);
    const [a, b] = stamps as [(typeof stamps)[0], (typeof stamps)[0]];
    expect(typeof a.ino).toBe(numbers === "large" ? "bigint" : "number");
    expect(sameFile(a, b)).toBe(false);
    expect(sameStamp(a, infoOfOpen(paths[0], descriptors[0]))).toBe(true);
    expect(isUnchangedAndNamed(paths[0], descriptors[0], a)).toBe(true);
    expect(isUnchangedAndNamed(paths[0], descriptors[1], { ...b, ino: a.ino })).toBe(false);
    fs.writeSync(descriptors[0], "a longer text", 0);
    expect(isUnchangedAndNamed(paths[0], descriptors[0], a)).toBe(false);
    fs.rmSync(paths[1]);
    expect(isUnchangedAndNamed(paths[1], descriptors[1], infoOfOpen(paths[1], descriptors[1]))).toBe(false);
    expect(infoOf(paths[1])).toBeUndefined();
    for (const descriptor of descriptors) fs.closeSync(descriptor);
  },
);

test("times are the same whichever way they were asked for", () => {
  const { paths, descriptors } = twoFiles();
  const usual = infoOf(paths[0]);
  withLargeNumbers();
  const exact = infoOf(paths[0]);
  expect(usual).toMatchObject({
    mtimeMs: exact?.mtimeMs,
    ctimeMs: exact?.ctimeMs,
    birthtimeMs: exact?.birthtimeMs,
  });
  expect(exact?.mtimeMs).toBeGreaterThan(1.7e12);
  for (const descriptor of descriptors) fs.closeSync(descriptor);
});
