/** What a piece of code is, as far as colours tell it apart. */
type CodeTokenKind = "comment" | "string" | "number" | "keyword" | "added" | "removed";

/** A piece of code; `null` is what has no colour. */
export interface CodeToken {
  readonly kind: CodeTokenKind | null;
  readonly text: string;
}

/** Longer code is read without colours. */
const MOST_LENGTH = 20_000;

// Every pattern takes at least as much as it has looked at: a text of anybody takes time in proportion.
const BLOCK_COMMENT = "/\\*(?:[^*]|\\*(?!/))*(?:\\*/)?";
const DOUBLE = '"(?:[^"\\\\\\n]|\\\\.)*"?';
const SINGLE = "'(?:[^'\\\\\\n]|\\\\.){0,200}'";
const TEMPLATE = "`(?:[^`\\\\]|\\\\[^])*`?";
const NUMBER = "\\b(?:0[xob][\\da-f_]+|\\d[\\d_]*(?:\\.\\d+)?(?:e[+-]?\\d+)?)\\b";

interface Language {
  readonly names: string;
  readonly comment: string;
  readonly string: string;
  readonly keywords: string;
  readonly flags?: string;
}

const LANGUAGES: readonly Language[] = [
  {
    names:
      "ts tsx typescript js jsx mjs cjs javascript java c h cpp c++ cs csharp go rust rs swift kotlin php scala dart",
    comment: `//.*|${BLOCK_COMMENT}`,
    string: `${DOUBLE}|${SINGLE}|${TEMPLATE}`,
    keywords:
      "abstract as async await bool boolean break case catch char class const continue default defer delete do double else enum export extends extern false final finally float fn for from func function go if impl implements import in instanceof int interface internal let long match mod module mut namespace new nil null of override package private protected pub public readonly return self short static struct super switch this throw throws trait true try type typeof undefined union unsafe use using val var void where while yield",
  },
  {
    names: "py python rb ruby toml yaml yml",
    comment: "#.*",
    string: `"""(?:[^"]|"(?!""))*(?:""")?|'''(?:[^']|'(?!''))*(?:''')?|${DOUBLE}|${SINGLE}`,
    keywords:
      "False None True and as assert async await begin break class continue def del do elif else end except false finally for from global if import in is lambda module nil nonlocal not null or pass raise require rescue return self true try unless until while with yield",
  },
  {
    names: "sh bash zsh shell console fish dockerfile makefile",
    comment: "(?<=^|\\s)#.*",
    string: `${DOUBLE}|${SINGLE}`,
    keywords:
      "case do done elif else esac exit export fi for function if in local return set shift source then unset until while",
  },
  {
    names: "sql",
    comment: `--.*|${BLOCK_COMMENT}`,
    string: SINGLE,
    keywords:
      "alter and as asc begin by case commit create delete desc distinct drop else end exists from group having in index insert into is join left like limit not null on or order primary select set table then union unique update values when where with",
    flags: "i",
  },
  {
    names: "json jsonc json5",
    comment: `//.*|${BLOCK_COMMENT}`,
    string: DOUBLE,
    keywords: "true false null",
  },
  { names: "css scss less", comment: BLOCK_COMMENT, string: `${DOUBLE}|${SINGLE}`, keywords: "important" },
];

const PATTERNS: ReadonlyMap<string, RegExp> = new Map(
  LANGUAGES.flatMap(({ names, comment, string, keywords, flags = "" }) => {
    const keyword = `(?<![\\w$-])(?:${keywords.replaceAll(" ", "|")})(?![\\w$-])`;
    const source = `(?<comment>${comment})|(?<string>${string})|(?<number>${NUMBER})|(?<keyword>${keyword})`;
    const pattern = new RegExp(source, `gm${flags}`);
    return names.split(" ").map((name) => [name, pattern] as const);
  }),
);
const DIFF = /(?<added>^\+.*)|(?<removed>^-.*)|(?<comment>^@@.*)/gm;

/**
 * Code in pieces that are coloured alike; together they are the text. One piece without a colour where the
 * language is none that is known, or the code is long.
 */
export function codeTokens(text: string, language: string): readonly CodeToken[] {
  const name = /^[\w+#-]{1,20}/.exec(language)?.[0].toLowerCase() ?? "";
  const pattern = name === "diff" || name === "patch" ? DIFF : PATTERNS.get(name);
  if (!pattern || text.length > MOST_LENGTH) return [{ kind: null, text }];
  const tokens: CodeToken[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined) ?? [];
    if (match.index > at) tokens.push({ kind: null, text: text.slice(at, match.index) });
    tokens.push({ kind: (kind ?? null) as CodeTokenKind | null, text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < text.length || tokens.length === 0) tokens.push({ kind: null, text: text.slice(at) });
  return tokens;
}
