import type { ImportProgress } from "@thulp-sessions/transcripts";
import type { Io } from "../terminal/io.ts";
import type { ImportProgressView } from "./import-progress.ts";

/** Shows how far a store has come that reads histories while it is opened: a bar for each agent. */
export class OpeningProgress {
  readonly #io: Io;
  /** Loaded for the first update: most stores are opened in no time. */
  #drawing: Promise<typeof import("./import-progress.ts")> | undefined;
  #shown: { readonly title: string; readonly view: ImportProgressView } | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  update = (title: string, progress: ImportProgress): void => {
    this.#drawing ??= import("./import-progress.ts");
    void this.#drawing.then(({ importProgress }) => {
      if (this.#shown?.title !== title) {
        this.#shown?.view.stop();
        this.#shown = { title, view: importProgress(this.#io, title) };
      }
      this.#shown.view.update(progress);
    });
  };

  stop = async (): Promise<void> => {
    await this.#drawing;
    this.#shown?.view.stop();
  };
}
