import { tmpdir } from "node:os";
import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { memoryFolder } from "./vitest.memory.ts";

/**
 * The one test configuration; every package re-exports it. Tests run against the sources, no build needed.
 */
export default defineConfig({
  ssr: { resolve: { conditions: ["@thulp-sessions/source", ...defaultServerConditions] } },
  test: {
    include: ["test/**/*.test.ts"],
    // Generous: a test that hangs has to end, a slow machine must not fail one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two packages are tested beside each other (scripts/bootstrap.mjs): half of the machine each.
    maxWorkers: "50%",
    // Where `tmpdir()` of a test is: waiting for a disk to sync what is thrown away a moment later took half
    // of the time of many files. What tests the disk has `onDisk`.
    env: { TMPDIR: memoryFolder() },
  },
});

/**
 * For packages that test what a disk does, or install into a folder. Files whose tests only look at bytes ask
 * for `MEMORY_TMPDIR`.
 */
export const onDisk = { env: { TMPDIR: tmpdir(), MEMORY_TMPDIR: memoryFolder() } };
