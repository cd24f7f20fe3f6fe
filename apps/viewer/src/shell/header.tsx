import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { theme } from "../parts/preferences.ts";
import { useKeys } from "../parts/use-keys.ts";
import { HOME, hrefOf } from "../url/href.ts";
import { EMPTY_LIST } from "../url/list-state.ts";
import { navigate, route } from "../url/navigation.ts";
import { LinkStatus } from "./link-status.tsx";

/** A search is sent when no letter has come for so long. */
const TYPING_MS = 120;

/**
 * The top of every page: the search, how the server is reached, the way to the other pages.
 *
 * Longer than most functions: half of it is what it looks like.
 */
export function Header() {
  const current = route.value;
  const given = current.page === "list" ? current.list.text : "";
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(given);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // Before the next letter comes, which it would take away.
  useLayoutEffect(() => {
    clearTimeout(timer.current);
    setText(given);
  }, [given]);
  const search = (next: string) => {
    clearTimeout(timer.current);
    const now = route.value;
    const list = now.page === "list" ? now.list : EMPTY_LIST;
    if (now.page === "list" && list.text === next) return;
    navigate(
      { page: "list", list: { ...list, text: next } },
      { replace: now.page === "list" && list.text !== "" },
    );
  };
  useKeys({
    "/": () => field.current?.focus(),
    Escape: () => {
      if (document.activeElement !== field.current) return false;
      field.current?.blur();
      return;
    },
  });
  return (
    <header class="top">
      <a class="home" href={HOME}>
        thulp-sessions
      </a>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          search(text);
          // Then the keys of the list work.
          field.current?.blur();
        }}
      >
        <input
          ref={field}
          type="search"
          aria-label="Search in all sessions"
          placeholder="Search or id  /"
          value={text}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => {
            const next = event.currentTarget.value;
            setText(next);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => {
              // On another page a search leaves what is read: only when it is asked for.
              if (route.value.page === "list") search(next);
            }, TYPING_MS);
          }}
        />
      </form>
      <LinkStatus />
      <nav class="places" aria-label="Pages">
        <a href={hrefOf({ page: "runs" })} aria-current={current.page === "runs" ? "page" : undefined}>
          Runs
        </a>
        <a
          href={hrefOf({ page: "stats", list: EMPTY_LIST })}
          aria-current={current.page === "stats" ? "page" : undefined}
        >
          Stats
        </a>
        <a
          href={hrefOf({ page: "settings" })}
          aria-current={current.page === "settings" ? "page" : undefined}
        >
          Settings
        </a>
        <button type="button" class="plain" onClick={toggleTheme} title="Light or dark">
          <span aria-hidden="true">☼</span>
          <span class="unseen">Change between light and dark</span>
        </button>
        <a href={hrefOf({ page: "help" })} title="Keys and help  ?">
          <span aria-hidden="true">?</span>
          <span class="unseen">Help</span>
        </a>
      </nav>
    </header>
  );
}

function toggleTheme(): void {
  const isDark =
    theme.value === "dark" ||
    (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  theme.value = isDark ? "light" : "dark";
}
