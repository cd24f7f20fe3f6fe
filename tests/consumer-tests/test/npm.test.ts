import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { COMPILERS, copyConsumer, expectTypes, INSTALL_TIMEOUT_MS, PROGRAMS } from "./consumer.ts";
import { OTHER_NODE } from "./other-node.ts";
import { run, shellEnvironment, succeed, UNOPTIMIZED } from "./outside.ts";
import { CATALOG, outsideFolder, packAll } from "./packed.ts";

const folder = outsideFolder("npm");

beforeAll(async () => {
  copyConsumer(folder);
  const devDependencies = { "@types/node": CATALOG["@types/node"] };
  const project = { name: "outside", private: true, type: "module", devDependencies };
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline"];
  const env = shellEnvironment(UNOPTIMIZED);
  await succeed("npm", [...install, ...packAll().values()], { cwd: folder, env });
}, INSTALL_TIMEOUT_MS);

describe("an empty project that has installed the tarballs with npm", () => {
  it.each(Object.keys(COMPILERS))(
    "type-checks under TypeScript %s, declarations included",
    (version) => expectTypes(folder, version),
    INSTALL_TIMEOUT_MS,
  );

  it.each(Object.entries(PROGRAMS))("runs %s", async (program, expected) => {
    const { code, stdout, output } = await run(process.execPath, [join("dist", `${program}.js`)], {
      cwd: folder,
    });
    expect(code, output).toBe(0);
    expect(stdout).toBe(expected);
  });

  it("names every package that it gets, and only from the tarballs", async () => {
    const tree = JSON.parse(await succeed("npm", ["ls", "--all", "--json"], { cwd: folder }));
    const ours = Object.entries<{ resolved?: string }>(tree.dependencies).filter(([name]) =>
      name.startsWith("@thulp-sessions/"),
    );
    expect(ours.length).toBeGreaterThanOrEqual(8);
    for (const [name, { resolved }] of ours) expect(resolved, name).toMatch(/^file:.*\.tgz$/);
  });

  it.skipIf(OTHER_NODE === undefined)(
    "says what to do where another Node runs what this one has compiled",
    async () => {
      const node = OTHER_NODE as string;
      const sqlite = await run(node, [join("dist", "sqlite.js")], { cwd: folder });
      expect(sqlite.code).toBe(1);
      expect(sqlite.stderr).toMatch(
        /SessionError: The native binding of better-sqlite3 was built for another version of Node than this one \(v\d+.*\)\. Run `npm rebuild better-sqlite3`/,
      );
      // The server says it in one line.
      const main = join("node_modules", "@thulp-sessions", "api", "dist", "main.js");
      const served = await run(node, [main, "--port", "0"], { cwd: folder });
      expect(served).toMatchObject({ code: 1, stdout: "" });
      expect(served.stderr).toMatch(/^thulp-sessions: The native binding of better-sqlite3 was built .*\n$/);
      // The other stores do not need it.
      expect(await run(node, [join("dist", "files.js")], { cwd: folder })).toMatchObject({ code: 0 });
    },
  );
});
