// Type-checks every ```ts block of the documents, so that none names what does not exist. Each block is a
// module of its own; what it would need from its surroundings it has to import or declare. A block that
// begins with ```ts file=PATH shows that file, which its own package type-checks and tests: the two have to
// be equal. With --write the document is brought up to it.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Within a package that has all others among its dependencies, so that they are found as a user finds them.
const folder = join(root, "bench", ".snippets");

const documents = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter(Boolean);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const origins = new Map();
const shown = { equal: 0, different: 0 };
for (const document of documents) {
  checkShownFiles(document);
  const lines = readFileSync(join(root, document), "utf8").split("\n");
  let start = -1;
  lines.forEach((line, i) => {
    if (line === "```ts") start = i + 1;
    else if (line === "```" && start >= 0) {
      const name = `snippet-${origins.size}.ts`;
      origins.set(name, { document, start });
      writeFileSync(join(folder, name), `${lines.slice(start, i).join("\n")}\nexport {};\n`);
      start = -1;
    }
  });
}
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.base.json",
    compilerOptions: {
      // A snippet shows what there is; it need not use all of it. A browser's are among them.
      noUnusedLocals: false,
      lib: ["es2023", "es2024.string", "esnext.disposable", "dom"],
      paths: Object.fromEntries(
        [
          "core",
          "store-conformance",
          "store-fs",
          "store-sqlite",
          "store-postgres",
          "config",
          "router",
          "client",
          "transcripts",
          "langgraph",
          "mcp",
          "ai-sdk",
          "openai-agents",
          "claude-agent-sdk",
        ]
          .map((name) => [`@thulp-sessions/${name}`, [`../../packages/${name}/src/index.ts`]])
          .concat([
            ["@thulp-sessions/core/store", ["../../packages/core/src/store.ts"]],
            ["@thulp-sessions/transcripts/*", ["../../packages/transcripts/src/agents/*.ts"]],
            ["@thulp-sessions/core/memory", ["../../packages/core/src/store/memory-store.ts"]],
            ["@thulp-sessions/core/adapter", ["../../packages/core/src/adapter.ts"]],
            ["@thulp-sessions/core/redaction", ["../../packages/core/src/redaction.ts"]],
            ["@thulp-sessions/core/text", ["../../packages/core/src/text.ts"]],
            ["@thulp-sessions/core/view", ["../../packages/core/src/view.ts"]],
            ["@thulp-sessions/transcripts/agents", ["../../packages/transcripts/src/agent-table.ts"]],
            [
              "@thulp-sessions/transcripts/store",
              ["../../packages/transcripts/src/store/open-transcript-store.ts"],
            ],
            ["@thulp-sessions/transcripts/views", ["../../packages/transcripts/src/views.ts"]],
            ["@thulp-sessions/transcripts/prices", ["../../packages/transcripts/src/list-prices.ts"]],
            ["@thulp-sessions/api", ["../../apps/api/src/index.ts"]],
          ]),
      ),
    },
    include: ["*.ts"],
  }),
);
const { status, stdout } = spawnSync(
  process.execPath,
  [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", folder],
  {
    cwd: folder,
    encoding: "utf8",
  },
);
process.stdout.write(
  stdout.replace(/^(snippet-\d+\.ts)\((\d+),(\d+)\)/gm, (_, name, line, column) => {
    const { document, start } = origins.get(name);
    return `${document}:${start + Number(line)}:${column}`;
  }),
);
rmSync(folder, { recursive: true, force: true });
console.log(
  `snippets: ${origins.size} type-checked, ${shown.equal} equal to their file, in ${documents.length} documents`,
);
process.exit(shown.different > 0 ? 1 : (status ?? 1));

function checkShownFiles(document) {
  const text = readFileSync(join(root, document), "utf8");
  const fresh = text.replaceAll(/^```ts file=(\S+)\n(.*?)^```$/gms, (block, path, code) => {
    const file = readFileSync(join(root, path), "utf8");
    if (file === code) shown.equal++;
    else if (!process.argv.includes("--write")) {
      shown.different++;
      console.error(`${document}: what it shows of ${path} is not what stands there. Run with --write.`);
    }
    return block.replace(code, () => file);
  });
  if (process.argv.includes("--write") && fresh !== text) writeFileSync(join(root, document), fresh);
}
