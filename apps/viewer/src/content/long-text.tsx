import { groupDigits, visibleText } from "@thulp-sessions/core/text";
import { useState } from "preact/hooks";

import { MAX_MARKDOWN, Markdown } from "./markdown.tsx";

const STEP = 100_000;

/** A text of any length, of which as much is on the page as somebody asks for. */
export function LongText({ text, markdown = false }: { readonly text: string; readonly markdown?: boolean }) {
  const [shown, setShown] = useState(STEP / 5);
  if (markdown && text.length <= Math.min(shown, MAX_MARKDOWN)) return <Markdown text={text} />;
  const beginning = text.length <= shown ? text : text.slice(0, shown).toWellFormed();
  return (
    <>
      <p class={markdown ? "plain-text" : "plain-text mono"}>{visibleText(beginning)}</p>
      {text.length > shown && (
        <button type="button" onClick={() => setShown(shown + STEP)}>
          Show more ({groupDigits(text.length - shown)} characters left)
        </button>
      )}
    </>
  );
}
