// The suite that the makers of the protocol run against their own SDKs, against /mcp: what each of two
// revisions requires. It wants a newer Node than the oldest one that we run on.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { startServer } from "@thulp-sessions/api";
import { userMessage } from "@thulp-sessions/core";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { startProgram, tempFolder } from "@thulp-sessions/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { EXPECTED_FAILURES, type ExpectedFailures } from "./expected-failures.ts";

const require = createRequire(import.meta.url);
const SUITE = join(
  dirname(require.resolve("@modelcontextprotocol/conformance/package.json")),
  "dist/index.js",
);

const NODE_24 = join(import.meta.dirname, "../../../tooling/other-nodes/node_modules/node-24/bin/node");
const NODE = Number.parseInt(process.versions.node, 10) >= 24 ? process.execPath : NODE_24;

/** An extension of the protocol that the server does not have: no revision requires it. */
const EXTENSION = /^tasks-/;

/** What the suite has found of one requirement. */
interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "INFO" | "WARNING" | "SKIPPED" | "FAILURE";
  readonly errorMessage?: string;
  readonly details?: { readonly message?: string; readonly note?: string };
}

// Its npm package is for one platform only.
describe.skipIf(!existsSync(NODE)).each(Object.entries(EXPECTED_FAILURES))("MCP %s", (revision, expected) => {
  test("/mcp does all that is required and needs no fixture of the suite", { timeout: 60_000 }, async () => {
    const server = await startServer({ store: new MemoryStore(), port: 0, mcp: "write" });
    onTestFinished(async () => {
      await server.stop(1000);
    });
    await server.manager.createSession(
      "A session to read",
      { type: "conversation", purpose: "test" },
      { entries: [userMessage("Where does the parser fail?")] },
    );
    const results = tempFolder();
    const args = ["server", "--url", `${server.url}/mcp`, "--requirements", revision, "-o", results];
    const { output } = await startProgram(NODE, [SUITE, ...args]).ended;
    const [, count] =
      new RegExp(`Running requirements ${revision} \\((\\d+) scenarios\\)`).exec(output) ?? [];
    const checks = checksIn(results);
    expect(checks.size, output).toBe(Number(count));
    expect(failuresIn(checks, expected)).toEqual(expected);
    // Nothing that the suite has opened is still open.
    expect(await server.stop(5000)).toBe(true);
  });
});

/** The checks of each scenario. */
function checksIn(folder: string): ReadonlyMap<string, readonly Check[]> {
  return new Map(
    readdirSync(folder).map((name) => {
      const [, scenario = name] = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name) ?? [];
      return [scenario, JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8"))];
    }),
  );
}

/** What failed, was skipped or warned of: its message, or the part that was expected where it has that. */
function failuresIn(
  checks: ReadonlyMap<string, readonly Check[]>,
  expected: ExpectedFailures,
): Record<string, string> {
  const failures: Record<string, string> = {};
  for (const [scenario, all] of checks) {
    if (EXTENSION.test(scenario)) continue;
    for (const { id, status, errorMessage, details } of all) {
      if (status === "SUCCESS" || status === "INFO") continue;
      const key = id === scenario ? scenario : `${scenario}:${id}`;
      const message = errorMessage ?? details?.message ?? details?.note ?? "";
      const part = expected[key];
      const isExpected = part !== undefined && message.includes(part);
      // Of a check that was made more than once the unexpected message counts.
      if (!isExpected) failures[key] = `${status}: ${message}`;
      else failures[key] ??= part;
    }
  }
  return failures;
}
