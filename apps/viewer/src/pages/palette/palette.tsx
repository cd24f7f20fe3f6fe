import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useQuery } from "../../parts/use-query.ts";
import { navigate } from "../../url/navigation.ts";
import { fits, type PaletteItem, placesFor, searchFor, sessionsFor } from "./palette-items.ts";

/** Questions are asked when no letter has come for so long. */
const TYPING_MS = 120;

/**
 * Goes to a page, a saved view or a session by a few letters: a combobox over a list.
 *
 * Longer than most functions: half of it is what it looks like.
 */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  /** The key of an item: an answer that comes late puts others before it. */
  const [chosen, setChosen] = useState<string | null>(null);
  // Before the next key comes.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const sessions = useQuery(`palette ${asked}`, (signal) => sessionsFor(asked, signal));
  const isCurrent = asked === text && !sessions.waiting;
  // Of the answer to the letters before, what fits these too.
  const found = (sessions.data ?? []).filter((item) => isCurrent || fits(item, text));
  const items = [...placesFor(text), ...found, ...searchFor(text)];
  const at = Math.max(
    0,
    items.findIndex(({ key }) => key === chosen),
  );
  const go = (item: PaletteItem | undefined) => {
    if (!item) return;
    onClose();
    navigate(item.route);
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || items.length === 0) return;
    event.preventDefault();
    const next = (at + step + items.length) % items.length;
    setChosen(items[next]?.key ?? null);
    document.getElementById(`palette-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <dialog ref={dialog} class="palette" onClose={onClose} aria-label="Go to">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          go(items[at]);
        }}
      >
        <input
          type="text"
          role="combobox"
          aria-label="A page, a view, a session or the beginning of its id"
          aria-expanded="true"
          aria-controls="palette-items"
          aria-autocomplete="list"
          aria-activedescendant={items.length > 0 ? `palette-${at}` : undefined}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setChosen(null);
          }}
          onKeyDown={move}
        />
      </form>
      <div id="palette-items" class="palette-list" role="listbox" aria-label="Places">
        {items.map((item, i) => (
          <div
            key={item.key}
            class="palette-item"
            id={`palette-${i}`}
            role="option"
            aria-selected={i === at}
            tabIndex={-1}
            onClick={() => go(item)}
            // The keys are those of the field, which has the focus.
            onKeyDown={() => {}}
          >
            <span class="palette-label">{item.label}</span> <span class="quiet">{item.kind}</span>
          </div>
        ))}
      </div>
      {sessions.problem && <p class="problem-text">{sessions.problem.message}</p>}
    </dialog>
  );
}
