import { spawnSync } from "node:child_process";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CONFIG_FILE, readConfigFile } from "../src/config-file.ts";
import { tempFolder } from "./temp-folder.ts";

// A configuration file may have come with a cloned repository: whatever has its name holds up nothing.

const folderWith = (make: (path: string) => void): string => {
  const folder = tempFolder();
  make(join(folder, CONFIG_FILE));
  return folder;
};

test.skipIf(process.platform === "win32")("a pipe of that name is refused, and blocks nothing", () => {
  const folder = folderWith((path) => spawnSync("mkfifo", [path]));
  expect(() => readConfigFile([folder])).toThrow(/it is no regular file/);
});

test("a folder of that name is refused", () => {
  const folder = folderWith((path) => mkdirSync(path));
  expect(() => readConfigFile([folder])).toThrow(/cannot be read/);
});

test("a file of gigabytes is refused without being read", () => {
  const folder = folderWith((path) => {
    writeFileSync(path, "{");
    truncateSync(path, 3 * 1024 ** 3);
  });
  expect(() => readConfigFile([folder])).toThrow(/longer than 1048576 bytes/);
});

test("the first folder that has one counts", () => {
  const [none, first, second] = [
    tempFolder(),
    ...[1, 2].map((n) => folderWith((path) => writeFileSync(path, `{"port":${n}}`))),
  ];
  expect(readConfigFile([none, first as string, second as string])?.values).toEqual({ port: 1 });
  expect(readConfigFile([none])).toBeNull();
});
