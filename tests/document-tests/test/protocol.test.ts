import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { expect, test } from "vitest";
import { blocksOf } from "./document.ts";
import { DOCUMENTED_URL } from "./terminal.ts";

/** Milliseconds since 1970, which are others in each run. */
const TIME = /\b1[78]\d{11}\b/g;

const canRun = ["curl", "bash"].every((program) => !spawnSync(program, ["--version"]).error);

test.skipIf(!canRun)("docs/protocol.md: every curl, in its order, gets what stands below it", async () => {
  const server = await startServerProgram(["--store", `sqlite:${join(tempFolder(), "demo.db")}`]);
  const blocks = blocksOf("docs/protocol.md");
  let commands = 0;
  for (const [index, { language, code, place }] of blocks.entries()) {
    const shown = blocks[index + 1];
    if (language !== "sh" || shown === undefined) continue;
    commands++;
    const { stdout } = spawnSync("bash", ["-c", code.replaceAll(DOCUMENTED_URL, server.url)], {
      encoding: "utf8",
    });
    if (shown.language === "json") {
      expect(JSON.parse(withoutTimes(stdout)), place).toEqual(JSON.parse(withoutTimes(shown.code)));
    } else {
      const expected = messages(shown.code);
      expect(messages(stdout).slice(0, expected.length), place).toEqual(expected);
    }
  }
  expect(commands).toBeGreaterThanOrEqual(10);
  server.kill("SIGINT");
  await server.ended;
});

function withoutTimes(text: string): string {
  return text.replaceAll(TIME, "0");
}

/** Server-sent events, however many empty lines and comments lie between them. */
function messages(text: string): string[] {
  return withoutTimes(text)
    .split(/\n{2,}/)
    .map((message) => message.trim())
    .filter((message) => message !== "" && !message.startsWith("retry:"));
}
