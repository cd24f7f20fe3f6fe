import { describe, expect, it } from "vitest";
import { NO_TERMINAL, ok, onTerminal, preparedFolder, type RunOptions } from "./harness.ts";

const A = "0190a3c5-7b1e-7c3a-9d4f-2a6b8c0d1e2f";

const env = { THULP_SESSIONS_STORE: "fs:s" };
const oneSession = preparedFolder((cwd) => {
  const at: RunOptions = { cwd, env };
  ok(
    at,
    "create",
    "修复构建 Fix the build, and a name that is far too long for any terminal",
    "--id",
    A,
    "--tag",
    "ci",
  );
  ok(at, "append", A, "word ".repeat(60));
});

function workspace(): RunOptions {
  return { cwd: oneSession(), env };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with ESC.
const plain = (text: string) => text.replaceAll(/\u001b\[[0-9;]*m/g, "");

describe.skipIf(NO_TERMINAL)(`on a terminal${NO_TERMINAL ? ` (${NO_TERMINAL})` : ""}`, () => {
  it("the table fits, whatever the width, and is coloured unless NO_COLOR says no", () => {
    const at = workspace();
    const wide = (line: string) =>
      [...line].reduce((sum, char) => sum + (/[\u2e80-\u9fff]/.test(char) ? 2 : 1), 0);
    for (const columns of [60, 80, 140]) {
      const { stdout, code } = onTerminal(at, { columns }, "list");
      expect(code).toBe(0);
      expect(stdout).toContain("\u001b[");
      const lines = plain(stdout).trimEnd().split("\n");
      expect(lines).toHaveLength(2);
      expect(Math.max(...lines.map(wide))).toBeLessThanOrEqual(columns);
      expect(lines[1]).toContain(columns === 140 ? A : A.slice(0, 8));
    }
    const { env } = at;
    expect(onTerminal({ ...at, env: { ...env, NO_COLOR: "1" } }, {}, "list").stdout).not.toContain("\u001b[");
    expect(onTerminal(at, {}, "list", "--no-color").stdout).not.toContain("\u001b[");
    expect(plain(onTerminal(at, {}, "list", "--status", "failed").stdout)).toContain("No session matches.");
  });

  it("show wraps at words, and goes through the pager", () => {
    const at = workspace();
    const lines = plain(onTerminal(at, { columns: 60 }, "show", A, "--entries", "0").stdout).split("\n");
    const said = lines.filter((line) => line.startsWith("  word"));
    expect(said.length).toBeGreaterThan(3);
    expect(said.every((line) => line.length <= 60)).toBe(true);
    const paged = onTerminal({ ...at, env: { ...at.env, PAGER: "sed s/word/paged/" } }, {}, "show", A);
    expect(paged.stdout).toContain("paged word");
    const without = onTerminal(
      { ...at, env: { ...at.env, PAGER: "sed s/word/paged/" } },
      {},
      "show",
      A,
      "--no-pager",
    );
    expect(without.stdout).not.toContain("paged");
    expect(onTerminal({ ...at, env: { ...at.env, PAGER: "no-such-pager" } }, {}, "show", A).stdout).toContain(
      "word word",
    );
    // A pager that is left at once is no error.
    expect(onTerminal({ ...at, env: { ...at.env, PAGER: "true" } }, {}, "show", A)).toMatchObject({
      code: 0,
    });
  });

  it("search highlights", () => {
    expect(onTerminal(workspace(), {}, "search", "build").stdout).toContain("\u001b[1m\u001b[33mbuild");
  });

  it("asks which session and whether, and takes only a yes", () => {
    const at = workspace();
    const short = A.slice(0, 8);
    expect(onTerminal(at, { steps: [["y/N", "n\r"]] }, "rename", short, "x").stdout).toContain(
      "Nothing was changed.",
    );
    expect(onTerminal(at, { steps: [["y/N", "y\r"]] }, "rename", short, "Renamed").code).toBe(0);
    expect(onTerminal(at, { steps: [["y/N", "\r"]] }, "delete", A)).toMatchObject({ code: 1 });
    // Ctrl-C and Ctrl-D are no yes either.
    expect(onTerminal(at, { steps: [["y/N", "\u0003"]] }, "delete", A)).toMatchObject({ code: 130 });
    expect(onTerminal(at, { steps: [["y/N", "\u0004"]] }, "delete", A)).toMatchObject({ code: 1 });
    expect(ok(at, "list").split("\t")[1]).toBe("Renamed");
    expect(onTerminal(at, { steps: [["y/N", "yes\r"]] }, "delete", A).code).toBe(0);
    expect(ok(at, "list", "--count")).toBe("0");
  });

  it("tail --follow ends with Ctrl-C, and says so with its exit code", () => {
    const { code, stdout } = onTerminal(workspace(), { steps: [["following", "\u0003"]] }, "tail", A, "-f");
    expect(code).toBe(130);
    expect(stdout).not.toMatch(/^\s+at /m);
  });

  it("copy shows its progress and leaves none of it behind", () => {
    const { stdout, code } = onTerminal(workspace(), {}, "copy", "fs:s", "fs:t");
    expect(code).toBe(0);
    expect(stdout).toContain("1/1 sessions");
    expect(stdout).toMatch(/1 copied, 0 equal\n$/);
  });
});
