import type { ReadonlySignal } from "@preact/signals";
import type { SessionId } from "@thulp-sessions/core";
import { groupDigits } from "@thulp-sessions/core/text";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { nextPlace, rankOf, type SeqRanges } from "../../content/seq-ranges.ts";
import { calls } from "../../live/live.ts";
import { say } from "../../parts/announcement.ts";

import { useKeys } from "../../parts/use-keys.ts";
import { usePaced } from "../../parts/use-paced.ts";
import { useQuery } from "../../parts/use-query.ts";

const TYPING_MS = 150;
/** What is found is not counted again more often, however fast a session grows. */
const COUNT_MS = 500;

interface Props {
  readonly id: SessionId;
  readonly version: string;
  readonly text: string;
  /** The entry that is read. */
  readonly seq: ReadonlySignal<number>;
  readonly onText: (text: string) => void;
  readonly onPlace: (seq: number) => void;
}

/**
 * Finds within the session, in all of its entries, loaded or not: that is why the browser's own would count
 * wrong.
 *
 * Longer than most functions: half of it is what it looks like.
 */
export function FindBar({ id, version, text, seq, onText, onPlace }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [typed, setTyped] = useState(text);
  /** The hit that was gone to, of the text that it is one of. */
  const [hit, setHit] = useState<{ readonly text: string; readonly seq: number } | null>(null);
  const at = hit?.text === text ? hit.seq : null;
  // Before the next letter comes, which it would take away.
  useLayoutEffect(() => setTyped(text), [text]);
  // What else the address says may have changed since the letter came.
  const latest = useRef(onText);
  latest.current = onText;
  useEffect(() => () => clearTimeout(timer.current), []);
  const paced = usePaced(text === "" || version === "" ? null : version, COUNT_MS);
  const found = useQuery(paced === null ? null : `${id} ${paced} ${text}`, async (signal) => ({
    of: text,
    ...(await calls().entries.search.query({ id, text, limit: 1 }, { signal })),
  }));
  // Those of a session that has grown since are counted again, and are hits all the same.
  const isFound = text !== "" && found.data?.of === text;
  const ranges: SeqRanges = (isFound && found.data?.ranges) || [];
  const total = (isFound && found.data?.total) || 0;
  const move = (step: 1 | -1) => {
    if (!isFound) return false;
    const from = at ?? seq.peek() - step;
    const next =
      nextPlace(ranges, from, step) ?? nextPlace(ranges, step === 1 ? -1 : Number.MAX_SAFE_INTEGER, step);
    if (next === null) {
      say("Not found");
      return;
    }
    setHit({ text, seq: next });
    onPlace(next);
    return;
  };
  useKeys({
    n: () => move(1),
    N: () => move(-1),
    "Ctrl+f": () => {
      if (document.activeElement === field.current) return false;
      field.current?.select();
      return;
    },
    Escape: () => {
      if (document.activeElement !== field.current) return false;
      field.current?.blur();
      return;
    },
  });
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        clearTimeout(timer.current);
        if (typed !== text) onText(typed);
        else {
          move(1);
          field.current?.blur();
        }
      }}
    >
      <input
        ref={field}
        type="search"
        aria-label="Find in this session"
        placeholder="Find  Ctrl+F"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setTyped(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => latest.current(next), TYPING_MS);
        }}
      />
      <span class="find-count" role="status">
        {text === "" ? "" : found.problem ? "cannot be searched" : isFound ? places(at, ranges, total) : "…"}
      </span>
      {text !== "" && (
        <>
          <button type="button" onClick={() => move(-1)} title="Previous  N">
            <span aria-hidden="true">↑</span>
            <span class="unseen">Previous hit</span>
          </button>
          <button type="button" onClick={() => move(1)} title="Next  n">
            <span aria-hidden="true">↓</span>
            <span class="unseen">Next hit</span>
          </button>
        </>
      )}
    </form>
  );
}

function places(at: number | null, ranges: SeqRanges, total: number): string {
  if (total === 0) return "not found";
  return at === null
    ? `${groupDigits(total)} found`
    : `${groupDigits(rankOf(ranges, at))} of ${groupDigits(total)}`;
}
