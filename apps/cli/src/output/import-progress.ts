import type { ImportProgress } from "@thulp-sessions/transcripts";
import { bytes as size, span } from "../render/time.ts";
import type { Io } from "../terminal/io.ts";
import { progressBar, ratePerSecond } from "./progress-bar.ts";

export interface ImportProgressView {
  update(progress: ImportProgress): void;
  stop(): void;
}

/** A bar with rate and estimate on stderr, where a person is looking; nothing elsewhere. */
export function importProgress(io: Io, title: string): ImportProgressView {
  const bar = progressBar(io, `${title} {bar} {files} files  {rate}/s  {left}`, 70);
  const started = Date.now();
  return {
    update({ files, bytes }) {
      const rate = ratePerSecond(bytes.done, started);
      bar?.update(bytes.done, bytes.total, {
        files: `${files.done}/${files.total}`,
        rate: size(Math.round(rate)),
        left: bytes.done === 0 ? "" : `${span(((bytes.total - bytes.done) / rate) * 1000)} left`,
      });
    },
    stop: () => bar?.stop(),
  };
}
