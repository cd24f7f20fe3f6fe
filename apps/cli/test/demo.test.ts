import { expect, it } from "vitest";
import { cli, ok, tempFolder } from "./harness.ts";

it("demo writes sessions to look at, all with one tag, and prune takes them away as the help says", () => {
  const cwd = tempFolder();
  ok({ cwd }, "create", "Mine", "--tag", "other");
  const { build, run, sessions } = JSON.parse(ok({ cwd }, "demo", "--json"));
  expect(ok({ cwd }, "list", "--tag", "thulp-demo", "--count")).toBe(String(sessions));
  expect(JSON.parse(ok({ cwd }, "list", "--tag", run, "--count"))).toBe(8);
  expect(ok({ cwd }, "show", build)).toContain("tool Bash failed");
  expect(ok({ cwd }, "tree", build)).toContain("another way");
  const text = ok({ cwd }, "demo");
  const [, shown = ""] = /thulp-sessions show (\S+)/.exec(text) ?? [];
  expect(ok({ cwd }, "show", shown)).toContain("Fix the build");
  const help = ok({ cwd }, "demo", "--help");
  const [, prune = ""] = /\$ thulp-sessions (prune [^#]*?) +#/.exec(help) ?? [];
  expect(cli({ cwd }, ...prune.split(" "))).toMatchObject({ code: 0 });
  expect(ok({ cwd }, "list", "--count")).toBe("1");
});
