import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeProblem } from "@thulp-sessions/config/node-version";
import { describe, expect, it, test } from "vitest";
import { run } from "./outside.ts";
import { PACKAGES, ROOT } from "./packed.ts";

const COMMANDS = {
  "npm start": ["scripts/bootstrap.mjs", "start"],
  "the server": ["apps/api/dist/main.js"],
  "the command thulp-sessions": ["apps/cli/dist/main.js", "list"],
};

/** Makes the process take its Node for another, before it loads anything. */
function pretend(version: string): string[] {
  const versions = `{ value: { ...process.versions, node: ${JSON.stringify(version)} } }`;
  return ["--import", `data:text/javascript,Object.defineProperty(process, "versions", ${versions})`];
}

describe("a Node that is too old is told so in one line by", () => {
  it.each(Object.entries(COMMANDS))("%s", async (_name, args) => {
    expect(await run(process.execPath, [...pretend("20.18.3"), ...args], { cwd: ROOT })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "thulp-sessions: Node 20.18.3 is too old: thulp-sessions needs Node 20.19 or newer.\n",
    });
  });
});

test("the oldest Node that is taken is the one that every package names", () => {
  expect(nodeProblem("20.18.3")).toBeDefined();
  expect(nodeProblem("18.20.8")).toBeDefined();
  expect(nodeProblem("20.19.0")).toBeUndefined();
  expect(nodeProblem("22.0.0")).toBeUndefined();
  for (const { name, folder } of PACKAGES) {
    const { engines } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    expect(engines, name).toEqual({ node: ">=20.19" });
  }
});
