import type { JsonObject, JsonValue } from "@thulp-sessions/core";
import { idOf, objectOf, textOf } from "../model/fields.ts";

/** The tools that write one file, of all agents, in small letters and without the name of a server. */
const WRITERS: ReadonlySet<string> = new Set([
  ...["edit", "write", "multiedit", "notebookedit", "create", "delete", "delete_file"],
  ...["write_file", "edit_file", "create_file", "replace", "search_replace", "insert", "editor"],
  ...["write_to_file", "replace_in_file", "apply_diff", "insert_content", "search_and_replace"],
  ...["str_replace_editor", "str_replace_based_edit_tool", "text_editor", "str_replace", "multi_edit"],
]);
const PATHS: readonly string[] = [
  ...["file_path", "filePath", "path", "notebook_path", "target_file", "absolute_path", "filename", "file"],
];
/** Of tools that read as well as they write. */
const READING = /^(?:view|read|show|list|undo_edit)$/i;
const PATCHED =
  /\*\*\* (?:Add|Update|Delete) File: (.+?)(?:\\n|\n|\r|"|$)|\*\*\* Move to: (.+?)(?:\\n|\n|\r|"|$)/g;
/** A patch that is longer names its files further behind, too; they are not looked for there. */
const MAX_PATCH_LENGTH = 1024 * 1024;

/** The files that a call means to write, move or delete, as it names them; none for any other call. */
export function changedFiles(tool: string | undefined, input: JsonValue): readonly string[] {
  if (tool === undefined) return [];
  const name = tool.replace(/^.*(?:__|\.|\/)/, "").toLowerCase();
  if (name === "apply_patch" || name === "patch") return patchedFiles(input);
  const fields = objectOf(input);
  if (!fields || !WRITERS.has(name) || READING.test(textOf(fields["command"]) ?? "")) return [];
  for (const key of PATHS) {
    const path = textOf(fields[key]);
    if (path !== undefined && path !== "") return [path];
  }
  return [];
}

/** The files that a patch names (`*** Update File: a.ts`), wherever in the input of a call it stands. */
export function patchedFiles(input: JsonValue): readonly string[] {
  const text = typeof input === "string" ? input : patchIn(objectOf(input));
  const found = (text ?? "").slice(0, MAX_PATCH_LENGTH).matchAll(PATCHED);
  return [...found].flatMap(([, path, moved]) => path ?? moved ?? []);
}

function patchIn(fields: JsonObject | undefined): string | undefined {
  if (!fields) return undefined;
  for (const value of Object.values(fields)) {
    const texts = Array.isArray(value) ? (value as readonly JsonValue[]) : [value];
    for (const text of texts) if (typeof text === "string" && text.includes("*** Begin Patch")) return text;
  }
  return undefined;
}

/** The calls that have no result yet, with the files that they mean to change. */
export class OpenCalls {
  readonly #files = new Map<string, readonly string[]>();

  add(id: JsonValue | undefined, files: readonly string[]): void {
    const key = idOf(id);
    if (key !== undefined && files.length > 0) this.#files.set(key, files);
  }

  /** The files of a call that has ended: none where it failed. */
  end(id: JsonValue | undefined, success: boolean): readonly string[] {
    const key = idOf(id) ?? "";
    const files = this.#files.get(key) ?? [];
    this.#files.delete(key);
    return success ? files : [];
  }
}
