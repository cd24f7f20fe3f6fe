import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { COMPILERS, copyConsumer, expectTypes, INSTALL_TIMEOUT_MS, PROGRAMS } from "./consumer.ts";
import { run, shellEnvironment, succeed, UNOPTIMIZED } from "./outside.ts";
import { CATALOG, outsideFolder, PNPM, packAll } from "./packed.ts";

const folder = outsideFolder("pnpm");
let installed = "";

beforeAll(async () => {
  copyConsumer(folder);
  const tarballs = Object.fromEntries([...packAll()].map(([name, file]) => [name, `file:${file}`]));
  const project = {
    name: "outside",
    private: true,
    type: "module",
    dependencies: tarballs,
    devDependencies: { "@types/node": CATALOG["@types/node"] },
    // The packages name each other by version, which is not published yet.
    pnpm: { overrides: tarballs },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  installed = await succeed(process.execPath, [PNPM, "install", "--prefer-offline"], { cwd: folder });
}, INSTALL_TIMEOUT_MS);

const NEWEST = Object.keys(COMPILERS).at(-1) as string;

const program = (name: string) => run(process.execPath, [join("dist", `${name}.js`)], { cwd: folder });

describe("an empty project that has installed the tarballs with pnpm, which runs no build scripts", () => {
  // Here every package finds only what it names as its dependency; older compilers: npm.test.ts.
  it(
    `type-checks under TypeScript ${NEWEST}, declarations included`,
    () => expectTypes(folder, NEWEST),
    INSTALL_TIMEOUT_MS,
  );

  it.each(Object.entries(PROGRAMS).filter(([name]) => name !== "sqlite"))(
    "runs %s, which needs no build",
    async (name, expected) => {
      const { code, stdout, output } = await program(name);
      expect(code, output).toBe(0);
      expect(stdout).toBe(expected);
    },
  );

  it("says what SQLite needs, and has it after that", { timeout: INSTALL_TIMEOUT_MS }, async () => {
    expect(installed).toMatch(/Ignored build scripts: better-sqlite3/);
    const blocked = await program("sqlite");
    expect(blocked.code).toBe(1);
    expect(blocked.stderr).toMatch(
      /SessionError: better-sqlite3 cannot be loaded: its native binding has not been built\..* run `pnpm approve-builds` and allow better-sqlite3/,
    );
    const main = join("node_modules", "@thulp-sessions", "api", "dist", "main.js");
    const served = await run(process.execPath, [main, "--port", "0"], { cwd: folder });
    expect(served).toMatchObject({ code: 1, stdout: "" });
    expect(served.stderr).toMatch(/^thulp-sessions: better-sqlite3 cannot be loaded: .*\n$/);

    // Without a terminal nobody can pick: all that wait is the one.
    const env = shellEnvironment({ ...UNOPTIMIZED, npm_config_side_effects_cache_readonly: "true" });
    await succeed(process.execPath, [PNPM, "approve-builds", "--all"], { cwd: folder, env });
    const { code, stdout, output } = await program("sqlite");
    expect(code, output).toBe(0);
    expect(stdout).toBe(PROGRAMS["sqlite"]);
  });
});
