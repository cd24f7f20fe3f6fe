import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../../..");

/** A block of code of a document. */
export interface Block {
  readonly language: string;
  readonly code: string;
  /** The heading above it, of whatever level. */
  readonly section: string;
  /** For messages, e.g. `README.md:24`. */
  readonly place: string;
}

/** The blocks of a document, in its order. */
export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { language: string; lines: string[]; line: number } | undefined;
  const lines = readFileSync(join(ROOT, document), "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    const [, language] = /^```(.*)$/.exec(line) ?? [];
    if (open && language === "") {
      const code = `${open.lines.join("\n")}\n`;
      blocks.push({ language: open.language, code, section, place: `${document}:${open.line}` });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (language !== undefined) open = { language, lines: [], line: index + 1 };
    else section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
  }
  if (open) throw new Error(`${document}:${open.line}: the block does not end.`);
  return blocks;
}
