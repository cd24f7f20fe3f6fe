import { useState } from "preact/hooks";
import { say } from "../../parts/announcement.ts";
import { copyText } from "../../parts/copy.ts";
import { counted } from "../../parts/time.ts";
import { readViews, savedViews, saveView, writeViews } from "../list/saved-views.ts";

/** The saved views as a text, to be taken to another browser. */
export function ViewSettings() {
  const [text, setText] = useState("");
  const given = readViews(text);
  return (
    <>
      <h2>Saved views</h2>
      <p>
        {counted(savedViews.value.length, "view")} in this browser.{" "}
        <button type="button" onClick={() => copyText(writeViews(savedViews.value), "Views")}>
          Copy as text
        </button>
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const added = given.filter(({ name, list }) => saveView(name, list)).length;
          say(`${counted(added, "view")} added`);
          setText("");
        }}
      >
        <label>
          Views of another browser, as text
          <textarea rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={given.length === 0}>
          Add {counted(given.length, "view")}
        </button>
      </form>
    </>
  );
}
