import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startNode, startServerProgram, tempFolder } from "@thulp-sessions/testing";
import { expect, test } from "vitest";
import { blocksOf } from "./document.ts";

const MAIN = "/apps/api/dist/main.js";

function block(language: string): string {
  const found = blocksOf("docs/service.md").filter((each) => each.language === language);
  expect(found).toHaveLength(1);
  return found[0]?.code ?? "";
}

/** The options of the server in a command of the document. */
function optionsOf(command: readonly string[]): readonly string[] {
  const main = command.findIndex((each) => each.endsWith(MAIN));
  expect(main).toBeGreaterThan(0);
  return command.slice(main + 1);
}

test("the command of the systemd unit serves, and ends as a service should", async () => {
  const [, command = ""] = /^ExecStart=(.*)$/m.exec(block("ini")) ?? [];
  const folder = tempFolder();
  const here = command.replace("/var/lib/thulp-sessions", folder);
  expect(here).not.toBe(command);
  const server = await startServerProgram(optionsOf(here.split(" ")));
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, signal: null });
});

test("the command of the container serves to those who have the token, and its health check sees it", async () => {
  const dockerfile = block("dockerfile");
  const jsonOf = (text: string) => JSON.parse(text) as string[];
  const command = jsonOf(/^CMD (.*)$/m.exec(dockerfile)?.[1] ?? "");
  const [, ...check] = jsonOf(/^HEALTHCHECK CMD (.*)$/m.exec(dockerfile)?.[1] ?? "");
  const folder = tempFolder();
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "token"), "a-token-of-enough-length-for-anybody\n", { mode: 0o600 });
  const options = optionsOf(command).map((each) =>
    each
      .replace("/run/secrets/token", join(folder, "token"))
      .replace("sqlite:/data/", `sqlite:${folder}/data/`),
  );
  const server = await startServerProgram(options);
  const { port } = new URL(server.url);
  const url = `http://127.0.0.1:${port}`;
  expect((await fetch(`${url}/trpc/sessions.list`)).status).toBe(401);
  const headers = { authorization: "Bearer a-token-of-enough-length-for-anybody" };
  expect((await fetch(`${url}/trpc/sessions.list`, { headers })).status).toBe(200);
  const health = check.map((each) => each.replace("http://127.0.0.1:4664", url));
  expect(health).not.toEqual(check);
  expect(await startNode(health).ended).toMatchObject({ code: 0 });
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, signal: null });
  expect(await startNode(health).ended).toMatchObject({ code: 1 });
});
