// What the documents point at has to be there: files and headings that they link to, paths and scripts that
// they name.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tracked = git("ls-files").filter((file) => existsSync(join(root, file)));
const documents = tracked.filter((file) => file.endsWith(".md") && !file.includes("/fixtures/"));
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
/** What a build or a run makes: it is named, but need not be there. */
const MADE = /(^|\/)(dist|node_modules|\.tools|\.thulp|demo[-.][\w.-]+)(\/|$)/;
const problems = [];
const counts = { links: 0, paths: 0, scripts: 0 };

for (const document of documents) {
  let inCode = false;
  readFileSync(join(root, document), "utf8")
    .split("\n")
    .forEach((line, i) => {
      const report = (problem) => problems.push(`${document}:${i + 1}: ${problem}`);
      if (line.startsWith("```")) inCode = !inCode;
      else if (inCode) checkCommands(line, report);
      else {
        checkLinks(document, line, report);
        checkPaths(document, line, report);
      }
      checkScripts(line, report);
    });
}

function checkLinks(document, line, report) {
  for (const [, target] of line.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    counts.links++;
    const [path, anchor] = target.split("#");
    const file = path === "" ? join(root, document) : resolve(root, dirname(document), path);
    if (relative(root, file).startsWith("..")) report(`links out of the repository: ${target}`);
    else if (!existsSync(file)) report(`links to what is not there: ${target}`);
    else if (anchor !== undefined && !anchorsOf(file).has(anchor)) report(`links to no heading: ${target}`);
  }
}

/**
 * In `code`: whatever begins like a path of this repository, or like one of the package that the line or the
 * document is about.
 */
function checkPaths(document, line, report) {
  const folders = [root, join(root, dirname(document))];
  for (const [path] of line.matchAll(/(?:packages|apps|examples|tests|tooling)\/[\w/-]+/g))
    folders.push(join(root, path));
  for (const [, code] of line.matchAll(/`([^`]+)`/g)) {
    for (const word of code.split(/\s+/)) {
      if (
        !/^(packages|apps|examples|tests|tooling|docs|scripts|bench|src|test|\.ci)\/[\w./-]*\w$/.test(word) ||
        MADE.test(word)
      )
        continue;
      counts.paths++;
      if (!folders.some((folder) => existsSync(join(folder, word))))
        report(`names a path that is not there: ${word}`);
    }
  }
}

/** In a block: what is run, copied or read from this repository. */
function checkCommands(line, report) {
  for (const [word] of line.matchAll(
    /(?<![\w./-])(?:packages|apps|examples|tests|tooling|scripts|bench|docs)\/[\w./-]*\w/g,
  )) {
    // What is built is looked for where it is built from.
    const path = word.replace(/\/dist\/(.+)\.js$/, "/src/$1.ts");
    if (MADE.test(path)) continue;
    counts.paths++;
    if (!existsSync(join(root, path))) report(`names a path that is not there: ${word}`);
  }
}

function checkScripts(line, report) {
  for (const [, name] of line.matchAll(/\bnpm run ([\w:-]+)/g)) {
    counts.scripts++;
    if (!Object.hasOwn(scripts, name)) report(`names no script of package.json: npm run ${name}`);
  }
}

/** As GitHub makes them of headings. */
function anchorsOf(file) {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
}

function git(...args) {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean);
}

for (const problem of problems) console.error(problem);
console.log(
  `links: ${counts.links} links, ${counts.paths} paths and ${counts.scripts} scripts in ${documents.length} documents, ${problems.length} problems`,
);
process.exit(problems.length === 0 ? 0 : 1);
