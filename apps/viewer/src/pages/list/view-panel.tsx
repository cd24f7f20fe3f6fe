import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { say } from "../../parts/announcement.ts";
import { oneLine } from "../../parts/session-title.ts";
import { hrefOf } from "../../url/href.ts";
import { type ListState, listParams } from "../../url/list-state.ts";
import { isNaming, MOST_NAME, removeView, savedViews, saveView, VIEW_KEYS } from "./saved-views.ts";

/** The saved views, as links; what is shown now can become one. */
export function ViewPanel({ list }: { readonly list: ListState }) {
  const current = listParams(list).toString();
  return (
    <section>
      <h2>Views</h2>
      <ul>
        {savedViews.value.map((view, i) => (
          <li key={view.name} class="view">
            <a
              class="view-link"
              href={hrefOf({ page: "list", list: view.list })}
              aria-current={listParams(view.list).toString() === current ? "true" : undefined}
            >
              <span class="facet-value">{oneLine(view.name, 60)}</span>
              {i < VIEW_KEYS && <kbd>{i + 1}</kbd>}
            </a>
            <button
              type="button"
              class="plain"
              title={`Remove the view ${oneLine(view.name, 60)}`}
              onClick={() => {
                removeView(view.name);
                say("View removed");
              }}
            >
              <span aria-hidden="true">×</span>
              <span class="unseen">Remove the view {oneLine(view.name, 60)}</span>
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        onClick={() => {
          isNaming.value = true;
        }}
      >
        Save this view <kbd>v</kbd>
      </button>
    </section>
  );
}

/** Asks for the name of a view; nothing unless it is wanted. */
export function ViewNameForm({ list }: { readonly list: ListState }) {
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState("");
  const isOpen = isNaming.value;
  // Before the next key comes.
  useLayoutEffect(() => {
    if (isOpen) field.current?.focus();
  }, [isOpen]);
  if (!isOpen) return null;
  const close = () => {
    isNaming.value = false;
    setName("");
  };
  return (
    <form
      class="chips"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() === "") return;
        say(saveView(name, list) ? "View saved" : "There are too many views: remove one first");
        close();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        close();
      }}
    >
      <label>
        Name of this view{" "}
        <input
          ref={field}
          type="text"
          maxLength={MOST_NAME}
          autocomplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit">Save</button>
      <button type="button" onClick={close}>
        Cancel
      </button>
    </form>
  );
}
