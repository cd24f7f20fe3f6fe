import type { ImportProgress } from "@thulp-sessions/transcripts";
import cliProgress from "cli-progress";
import { bytes as size, span } from "../render/time.ts";
import type { Io } from "../terminal/io.ts";

export interface ImportProgressView {
  update(progress: ImportProgress): void;
  stop(): void;
}

/** A bar with rate and estimate on stderr, where a person is looking; nothing elsewhere. */
export function importProgress(io: Io, title: string): ImportProgressView {
  const { stderr } = io.process;
  if (stderr.isTTY !== true) return { update: () => {}, stop: () => {} };
  const started = Date.now();
  let shown = false;
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    fps: 8,
    hideCursor: false,
    clearOnComplete: true,
    barsize: Math.max(10, Math.min(30, io.width - 70)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    format: `${title} {bar} {files} files  {rate}/s  {left}`,
  });
  return {
    update({ files, bytes }) {
      const seconds = Math.max(0.001, (Date.now() - started) / 1000);
      const rate = bytes.done / seconds;
      const facts = {
        files: `${files.done}/${files.total}`,
        rate: size(Math.round(rate)),
        left: bytes.done === 0 ? "" : `${span(((bytes.total - bytes.done) / rate) * 1000)} left`,
      };
      if (!shown) bar.start(bytes.total, bytes.done, facts);
      else bar.update(bytes.done, facts);
      shown = true;
    },
    stop: () => shown && bar.stop(),
  };
}
