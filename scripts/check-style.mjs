// What Biome cannot see of the house rules: comments are at most 110 columns wide, as Biome keeps code; a
// function above 70 lines and a file above 300 say why in a comment at their top, which begins "Longer than
// most functions:" or "Longer than most files:". What makes HTML of a text is nowhere.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

const WIDTH = 110;
const FUNCTION_LINES = 70;
const FILE_LINES = 300;
const FILE_REASON = "Longer than most files:";
const FUNCTION_REASON = "Longer than most functions:";

/** Whose sources are not checked yet: each run says how much is found there, `--skipped` what. */
const NOT_CHECKED_YET = [];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const problems = [];
const skipped = new Map(NOT_CHECKED_YET.map((folder) => [folder, []]));
// New files that git does not know yet are somebody's work of today.
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
});
const files = listed
  .split("\n")
  .filter((file) => /\.(tsx?|mjs|js|sh|h)$|^\.ci\/run$/.test(file) && !file.includes("/fixtures/"))
  .filter((file) => existsSync(join(root, file)));

for (const file of files) {
  const text = readFileSync(join(root, file), "utf8");
  checkWidth(file, text);
  if (/\.(tsx?|mjs|js)$/.test(file)) checkLengths(file, text);
  if (file.startsWith("apps/viewer/src/")) checkHtml(file, text);
}

/** Stored texts are of anybody: each of these would run what stands in one. */
function checkHtml(file, text) {
  const makesHtml =
    /\b(innerHTML|outerHTML|dangerouslySetInnerHTML|insertAdjacentHTML|createContextualFragment|srcdoc|DOMParser)\b|document\.write|style="/;
  text.split("\n").forEach((line, i) => {
    const [found] = makesHtml.exec(line) ?? [];
    if (found)
      report(file, i + 1, `${found}: the page makes elements of texts, and no HTML or style strings`);
  });
}

function checkWidth(file, text) {
  const comment = /\.(tsx?|mjs|js|h)$/.test(file) ? /^\s*(\/\/|\/\*|\*)|\s\/\/ / : /^\s*#/;
  text.split("\n").forEach((line, i) => {
    // A URL cannot be broken.
    if (line.length > WIDTH && comment.test(line) && !/https?:\/\/\S{60}/.test(line))
      report(file, i + 1, `a comment is ${line.length} columns wide: ${WIDTH} at most`);
  });
}

function checkLengths(file, text) {
  const { program, comments, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} cannot be parsed: ${errors[0].message}`);
  const total = text.trimEnd().split("\n").length;
  const firstStatement = program.body.find(({ type }) => type !== "ImportDeclaration")?.start ?? 0;
  const excused = comments.some(({ value, end }) => value.includes(FILE_REASON) && end <= firstStatement);
  if (total > FILE_LINES && !excused)
    report(file, 1, `${total} lines: above ${FILE_LINES} a comment at the top says "${FILE_REASON} ..."`);

  const reasons = comments.filter(({ value }) => value.includes(FUNCTION_REASON));
  for (const node of longFunctions(program, text, reasons)) {
    const count = linesOf(text, node);
    report(
      file,
      lineAt(text, node.start),
      `a function of ${count} lines: above ${FUNCTION_LINES} its comment says "${FUNCTION_REASON} ..."`,
    );
  }
}

/**
 * Those without a reason; not what is nested in them. The callbacks of `describe`, and of what is named after
 * it, are lists of tests.
 */
function longFunctions(program, text, reasons) {
  const found = [];
  const visit = (node, parent) => {
    if (Array.isArray(node)) for (const each of node) visit(each, parent);
    else if (typeof node?.type === "string") {
      if (isFunction(node) && !isDescribe(parent) && linesOf(text, node) > FUNCTION_LINES) {
        if (!reasons.some((reason) => standsAtTop(reason, node, text))) found.push(node);
        return;
      }
      for (const value of Object.values(node)) if (typeof value === "object") visit(value, node);
    }
  };
  visit(program.body, program);
  return found;
}

function isFunction({ type, body }) {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type) && body;
}

function isDescribe(call) {
  let callee = call.type === "CallExpression" ? call.callee : undefined;
  while (callee?.type === "CallExpression" || callee?.type === "MemberExpression")
    callee = callee.callee ?? callee.object;
  return /^describe(?![a-z])/.test(callee?.name ?? "");
}

/** Right before the function's statement, or before the first statement in it. */
function standsAtTop(comment, { start, body }, text) {
  if (comment.end <= start) return /^[^;{}]*$/.test(text.slice(comment.end, start));
  return comment.start > body.start && comment.end <= (body.body?.[0]?.start ?? body.end);
}

function linesOf(text, { start, end }) {
  return text.slice(start, end).split("\n").length;
}

function lineAt(text, offset) {
  return text.slice(0, offset).split("\n").length;
}

function report(file, line, problem) {
  const folder = NOT_CHECKED_YET.find((each) => file.startsWith(`${each}/`));
  (folder ? skipped.get(folder) : problems).push(`${file}:${line}: ${problem}`);
}

for (const [folder, found] of skipped) {
  if (process.argv.includes("--skipped")) for (const each of found) console.log(each);
  console.log(
    `style: not checked yet in ${folder}: ${found.length} problems${found.length ? " (--skipped)" : ""}`,
  );
}
for (const problem of problems) console.error(problem);
console.log(`style: ${files.length} files looked at, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
