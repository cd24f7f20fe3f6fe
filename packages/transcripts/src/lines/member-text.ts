import { decodeUtf8 } from "./line-value.ts";

/** How JSON is written by those that write it for people or for programs; each is tried. */
const INDENTS: readonly (string | undefined)[] = ["  ", undefined, "\t", "    "];

/** A file among those that make up a session, as a line of JSON from which its bytes can be made again. */
export function memberText(path: string, bytes: Buffer): string {
  const text = decodeUtf8(bytes);
  if (text === null) return JSON.stringify({ file: path, base64: bytes.toString("base64") });
  const end = /[\r\n]*$/.exec(text)?.[0] ?? "";
  const written = text.slice(0, text.length - end.length);
  const data = objectIn(written);
  // As JSON it is kept only if JSON gives it back, with its characters.
  const indent =
    data === undefined ? -1 : INDENTS.findIndex((each) => JSON.stringify(data, null, each) === written);
  if (indent < 0) return JSON.stringify({ file: path, text });
  return JSON.stringify({
    file: path,
    ...(INDENTS[indent] !== undefined && { indent: INDENTS[indent] }),
    ...(end !== "" && { end }),
    data,
  });
}

/** The file of such a line; `null` for a line that is none. */
export function memberOf(line: string): { readonly path: string; readonly bytes: Buffer } | null {
  const given = objectIn(line);
  if (!given) return null;
  const { file, base64, text, data, indent, end = "" } = given;
  if (typeof file !== "string") return null;
  if (typeof base64 === "string") return { path: file, bytes: Buffer.from(base64, "base64") };
  if (typeof text === "string") return { path: file, bytes: Buffer.from(text) };
  const unit = typeof indent === "string" ? indent : undefined;
  return { path: file, bytes: Buffer.from(JSON.stringify(data, null, unit) + String(end)) };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
