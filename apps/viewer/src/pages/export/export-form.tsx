import type { SessionId } from "@thulp-sessions/core";
import type { FindingKind } from "@thulp-sessions/core/redaction";
import { groupDigits } from "@thulp-sessions/core/text";
import { useEffect, useState } from "preact/hooks";
import { say } from "../../parts/announcement.ts";
import { type Problem, problemOf } from "../../parts/problem.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { bytes, counted } from "../../parts/time.ts";
import type { ExportedFile, ExportFormat } from "./exported-file.ts";
import type { MaskChoice } from "./masker.ts";
import { Review } from "./review.ts";
import { ReviewList } from "./review-list.tsx";
import { saveBlob } from "./save-blob.ts";

/** What can be saved as a file, as it was when somebody asked for it. */
export interface Exportable {
  /** How many entries of it are read. */
  readonly total: number;
  /** The formats that it has, and what a person wants to know of each. */
  readonly formats: readonly (readonly [ExportFormat, string])[];
  /** Tells a review all that can get into the file; ends a step whenever some entries have been read. */
  look(review: Review, signal: AbortSignal): AsyncIterable<void>;
  /** @param onEntries hears how many entries have been written. */
  make(
    format: ExportFormat,
    choice: MaskChoice,
    signal: AbortSignal,
    onEntries: (count: number) => void,
  ): Promise<ExportedFile>;
  fileName(format: ExportFormat, masked: boolean): string;
  /** What stands before the place of an entry, to tell sessions apart. */
  sideOf(id: SessionId): string;
}

/** Secrets are masked unless somebody wants them; the rest stays unless somebody does not. */
const FIRST_CHOICE: MaskChoice = { kinds: new Set<FindingKind>(["secret"]), exceptions: new Set() };

/**
 * First what a file would give away, then what of that shall stay, then the file.
 *
 * Longer than most functions: the steps follow each other.
 */
export function ExportForm({ source }: { readonly source: Exportable }) {
  const { total, formats } = source;
  const { review, done, problem } = useReview(source);
  const [format, setFormat] = useState(formats[0]?.[0] ?? "html");
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const [takesRounded, setTakesRounded] = useState(false);
  const [saving, setSaving] = useState<Saving | null>(null);
  const isRefused = (review?.inexact ?? 0) > 0 && !takesRounded && format.startsWith("json");
  useEffect(() => () => saving?.abort.abort(), [saving?.abort]);
  const save = async () => {
    const abort = new AbortController();
    const set = (change: Partial<Saving>) =>
      setSaving((before) => (before?.abort === abort ? { ...before, ...change } : before));
    setSaving({ abort, written: 0, result: null, problem: null });
    try {
      const file = await source.make(format, choice, abort.signal, (written) => set({ written }));
      abort.signal.throwIfAborted();
      const name = source.fileName(format, file.masked > 0);
      saveBlob(file.blob, name);
      const masked = file.masked > 0 ? `, ${counted(file.masked, "place")} masked` : "";
      const result = `${name}, ${bytes(file.blob.size)}${masked}`;
      set({ result });
      say(`Saved ${name}`);
    } catch (error) {
      set({ problem: problemOf(error) });
    }
  };
  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      {!review && !problem && (
        <p>
          Looking through what it would give away:{" "}
          <progress max={Math.max(1, total)} value={done} aria-label="Entries looked through" />{" "}
          {groupDigits(done)} of {groupDigits(total)}
        </p>
      )}
      {review && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <ReviewList review={review} sideOf={source.sideOf} choice={choice} onChoice={setChoice} />
          <fieldset class="formats">
            <legend>As</legend>
            {formats.map(([each, about]) => (
              <label key={each}>
                <input
                  type="radio"
                  name="format"
                  checked={format === each}
                  onChange={() => setFormat(each)}
                />{" "}
                {about}
              </label>
            ))}
          </fieldset>
          {review.inexact > 0 && format.startsWith("json") && (
            <p>
              {counted(review.inexact, "part")} of it {review.inexact === 1 ? "holds" : "hold"} numbers that
              JavaScript can only round; `thulp-sessions backup` keeps them as they are.{" "}
              <label>
                <input
                  type="checkbox"
                  checked={takesRounded}
                  onChange={(event) => setTakesRounded(event.currentTarget.checked)}
                />{" "}
                Write them rounded
              </label>
            </p>
          )}
          <p>
            <button type="submit" disabled={isRefused || isRunning(saving)}>
              Save
            </button>{" "}
            {isRunning(saving) && (
              <>
                {groupDigits(saving.written)} of {groupDigits(total)}{" "}
                <button
                  type="button"
                  onClick={() => {
                    saving.abort.abort();
                    setSaving(null);
                  }}
                >
                  Stop
                </button>
              </>
            )}
            {saving?.result && <span>Saved: {saving.result}</span>}
          </p>
          {saving?.problem && <ProblemBox problem={saving.problem} />}
        </form>
      )}
    </>
  );
}

interface Saving {
  readonly abort: AbortController;
  readonly written: number;
  /** What was saved, in words. */
  readonly result: string | null;
  readonly problem: Problem | null;
}

function isRunning(saving: Saving | null): saving is Saving {
  return saving !== null && saving.result === null && saving.problem === null;
}

/** Looks through a source, and again when it is another one. */
function useReview(source: Exportable) {
  const [state, setState] = useState<Looked>({ source, ...NOT_LOOKED });
  useEffect(() => {
    const abort = new AbortController();
    setState({ source, ...NOT_LOOKED });
    const look = async () => {
      const review = new Review();
      for await (const _ of source.look(review, abort.signal)) {
        if (abort.signal.aborted) return;
        setState({ source, review: null, done: review.entries, problem: null });
      }
      if (!abort.signal.aborted) setState({ source, review, done: review.entries, problem: null });
    };
    look().catch((error) => {
      if (!abort.signal.aborted) setState({ source, ...NOT_LOOKED, problem: problemOf(error) });
    });
    return () => abort.abort();
  }, [source]);
  // Effects come after what is drawn: what was looked through before may not be saved of another source.
  return state.source === source ? state : { source, ...NOT_LOOKED };
}

interface Looked {
  readonly source: Exportable;
  readonly review: Review | null;
  readonly done: number;
  readonly problem: Problem | null;
}

const NOT_LOOKED = { review: null, done: 0, problem: null } as const;
