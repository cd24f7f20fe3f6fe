// Runs every `$ thulp-sessions ...` in the console blocks of docs/cli.md, one after the other in one folder,
// and writes what it prints below it. With --check it changes nothing and fails when the document says
// something else.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const document = join(root, "docs", "cli.md");
const main = join(root, "apps", "cli", "dist", "main.js");
/** What the reader's folder is called in the document. */
const HOME = "/home/me/work";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "thulp-transcripts-")));
const before = readFileSync(document, "utf8");
let commands = 0;
try {
  const after = before.replace(/```console\n([\s\S]*?)```/g, (_, block) => {
    const lines = block.split("\n").filter((line) => line.startsWith("$ "));
    return `\`\`\`console\n${lines.map(transcript).join("")}\`\`\``;
  });
  if (after === before) console.log(`transcripts: ${commands} commands, as the document says`);
  else if (process.argv.includes("--check")) {
    const wanted = after.split("\n");
    const line = before.split("\n").findIndex((each, i) => each !== wanted[i]);
    console.error(
      `docs/cli.md:${line + 1}: says ${JSON.stringify(before.split("\n")[line])}, the command ${JSON.stringify(wanted[line])}.`,
    );
    console.error("Run node scripts/cli-transcripts.mjs to write the document anew.");
    process.exitCode = 1;
  } else {
    writeFileSync(document, after);
    console.log(`transcripts: ${commands} commands written`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function transcript(line) {
  commands++;
  const [, command, input] = /^\$ thulp-sessions (.*?)(?: < (\S+))?$/.exec(line);
  const { PATH } = process.env;
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...words(command)], {
    cwd: folder,
    env: { PATH, TZ: "UTC" },
    input: input ? readFileSync(join(root, "docs", input)) : "",
    encoding: "utf8",
  });
  const code = status === 0 ? "" : `(exit code ${status})\n`;
  return `${line}\n${(stdout + stderr).replaceAll(folder, HOME)}${code}`;
}

/** As a shell splits it; single and double quotes are all that the document uses. */
function words(text) {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare,
  );
}
