import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parseStoreUrl, placeOf } from "@thulp-sessions/config";
import type { KnownFiles } from "@thulp-sessions/transcripts";
import type { Context } from "../command/context.ts";

/** Which files of an agent an import into this store has seen: kept apart from it, for this machine. */
export interface StoredKnownFiles {
  readonly files: KnownFiles;
  save(): Promise<void>;
}

/** `null` for a store that is gone with the command. What cannot be read or written counts as nothing. */
export async function loadKnownFiles(context: Context, agent: string): Promise<StoredKnownFiles | null> {
  const { store, base } = await context.config();
  if (store === "memory:") return null;
  const { KnownFiles } = await import("@thulp-sessions/transcripts");
  const name = createHash("sha256")
    .update(placeOf(parseStoreUrl(store, base)) ?? store)
    .digest("hex");
  const path = join(stateFolder(context), "imports", `${name.slice(0, 32)}-${agent}.json`);
  const json: unknown = await readFile(path, "utf8").then(JSON.parse, () => null);
  const files = new KnownFiles(json);
  const saveChanges = async () => {
    if (files.isChanged) await save(path, JSON.stringify(files)).catch(() => {});
  };
  return { files, save: saveChanges };
}

async function save(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(unfinished, text, { mode: 0o600, flag: "wx" });
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Where programs keep what may be lost. */
export function stateFolder({ io }: Context): string {
  const { env } = io.process;
  const folder =
    process.platform === "win32"
      ? env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local")
      : env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  return join(folder, "thulp-sessions");
}
