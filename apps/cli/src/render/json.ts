import type { Io } from "../terminal/io.ts";

/** One JSON text, indented: `--json`. */
export async function printJson(io: Io, value: unknown): Promise<void> {
  await io.printJson(`${JSON.stringify(value, null, 2)}\n`);
}

/** One line for each: `--jsonl`. */
export async function printJsonLines(io: Io, values: Iterable<unknown>): Promise<void> {
  let text = "";
  for (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < 65_536) continue;
    await io.printJson(text);
    text = "";
  }
  if (text !== "") await io.printJson(text);
}
