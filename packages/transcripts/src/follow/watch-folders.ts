import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import type { TranscriptSource } from "./transcript-source.ts";

/** Only to look earlier: what is missed, or cannot be watched, the next look finds. */
export function watchFolders({ reader, paths }: TranscriptSource, ring: () => void): FSWatcher[] {
  return paths
    .flatMap((given) => {
      const { path, folders } = typeof given === "string" ? { path: given, folders: reader.folders } : given;
      const own = folders.map((folder) => join(path, folder)).filter((folder) => existsSync(folder));
      return own.length > 0 || typeof given !== "string" ? own : [path];
    })
    .flatMap((folder) => {
      try {
        const watcher = watch(folder, { recursive: true, persistent: false });
        watcher.on("change", (event) => void (event === "rename" && ring()));
        watcher.on("error", () => watcher.close());
        return [watcher];
      } catch {
        return [];
      }
    });
}
