import { createHash } from "node:crypto";
import type { EntryType, JsonValue, SessionId, StoredEntry } from "@thulp-sessions/core";
import { DEFAULT_VIEW } from "@thulp-sessions/core/view";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ComparedSide } from "../src/pages/compare/comparison-facts.ts";
import { comparisonHtmlHead, comparisonHtmlRow } from "../src/pages/compare/comparison-html.tsx";
import { comparisonMarkdownHead, comparisonMarkdownRow } from "../src/pages/compare/comparison-markdown.ts";
import { COMPARISON_STYLE, COMPARISON_STYLE_HASH } from "../src/pages/compare/comparison-style.ts";
import type { WholeRow } from "../src/pages/compare/read-rows.ts";

const VIEWS = [DEFAULT_VIEW, DEFAULT_VIEW] as const;

const entry = (seq: number, content: JsonValue, entryType: EntryType = { type: "user_message" }) =>
  ({ id: `e${seq}`, seq, timestamp: 0, entryType, content }) as unknown as StoredEntry;

const side = (name: string, tags: readonly string[] = []): ComparedSide => ({
  metadata: {
    id: "0190a3c5-0000-7000-8000-000000000000" as SessionId,
    name,
    tags: [...tags],
    sessionType: { type: "agent", agentName: "<b>" },
    status: "active",
    createdAt: 0,
    updatedAt: 0,
    parentSession: null,
  } as unknown as ComparedSide["metadata"],
  entryCount: 1,
  turnCount: 0,
});

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    "[a](javascript:b)",
    '"><img src=x onerror=y>',
    "</pre></style>",
  ),
);

describe("a comparison as a page", () => {
  test("allows its own style, by its hash, and nothing else", () => {
    const hash = createHash("sha256").update(COMPARISON_STYLE).digest("base64");
    expect(COMPARISON_STYLE_HASH).toBe(`sha256-${hash}`);
    const head = comparisonHtmlHead(side("</title><script>"), side(""), { sum: "1 < 2", masked: false });
    expect(head).toContain(`default-src &#39;none&#39;; style-src &#39;${COMPARISON_STYLE_HASH}&#39;`);
    expect(head).toContain("<title>&#60;/title&#62;&#60;script&#62; / 0190a3c5");
    expect(head).toContain("1 &#60; 2");
    expect(head).not.toContain("taken out");
  });

  test("holds no element but its own, whatever the contents and names are", () => {
    const ours =
      /^(!doctype|html|head|meta|title|style|body|main|h1|section|article|h2|a|time|span|details|summary|p|pre|div|code|strong|em|del|ul|ol|li|table|thead|tbody|tr|th|td|blockquote|hr|br)$/;
    fc.assert(
      fc.property(text, text, fc.array(text), (name, content, tags) => {
        const about = { sum: "", masked: true };
        const html =
          comparisonHtmlHead(side(name, tags), side(content), about).replace(COMPARISON_STYLE, "") +
          comparisonHtmlRow(
            { type: "changed", left: entry(1, content), right: entry(2, { [name]: tags }) },
            VIEWS,
          );
        for (const [, tag, attributes] of html.matchAll(/<([^\s/>][^\s>]*)([^>]*)>/g)) {
          expect(tag).toMatch(ours);
          expect(attributes).not.toMatch(/\s(on\w+|src|style|srcset)=/i);
          expect(/href="([^"]*)"/.exec(attributes ?? "")?.[1] ?? "#").toMatch(/^(#|https?:|mailto:)/);
        }
      }),
    );
  });
});

describe("a comparison as Markdown", () => {
  test("has one heading a row, and one for each entry below it", () => {
    const rows: readonly WholeRow[] = [
      { type: "equal", left: { first: 0, last: 2 }, right: { first: 5, last: 7 }, count: 3 },
      { type: "changed", left: entry(3, "a"), right: entry(8, "b") },
      { type: "left", left: entry(4, "# c") },
      { type: "right", right: entry(9, { d: 1 }, { type: "tool_call", toolName: "*", success: true }) },
    ];
    expect(rows.map((row) => comparisonMarkdownRow(row, VIEWS)).join("")).toBe(`
## #0–2 = #5–7: 3 equal entries

## Changed: left #3, right #8

### left 3. user

_1970-01-01T00:00:00.000Z_

> a

### right 8. user

_1970-01-01T00:00:00.000Z_

> b

## Only left: #4

### left 4. user

_1970-01-01T00:00:00.000Z_

> # c

## Only right: #9

### right 9. tool \\* ok

_1970-01-01T00:00:00.000Z_

\`\`\`json
{
  "d": 1
}
\`\`\`
`);
  });

  test("keeps names and contents from being anything else", () => {
    fc.assert(
      fc.property(text, text, (name, content) => {
        const head = comparisonMarkdownHead(side(name), side(content), { sum: "", masked: true });
        const lines = head.split("\n");
        expect(lines[4]).toMatch(/^\| name \| /);
        // Cells are told apart by bars that stand for themselves.
        for (const line of lines.slice(2, 13)) expect(line.replaceAll(/\\./g, "").split("|")).toHaveLength(5);
        const row = comparisonMarkdownRow({ type: "left", left: entry(1, content) }, VIEWS);
        expect(row.split("\n").filter((line) => /^\s*#/.test(line))).toHaveLength(2);
      }),
    );
  });
});
