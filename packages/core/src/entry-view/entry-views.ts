import type { EntryFacts, EntryView, SeenEntry } from "./entry-view.ts";
import { defaultParts, isImported, type ViewPart } from "./view-parts.ts";

/** Loads a view; a module that is imported only then. */
export type ViewLoader = () => Promise<EntryView>;

const NO_FACTS: EntryFacts = {};

/** Of sessions that no agent's view is known for: contents as they are, all of them part of it. */
export const DEFAULT_VIEW: EntryView = {
  parts: () => null,
  isAside: () => false,
  reader: () => ({ read: () => NO_FACTS }),
};

/**
 * The pieces of an entry by its session's view, or of what an import has stored by the view of any content;
 * `null` for what an application has stored in a form of its own.
 */
export function viewedParts(view: EntryView, entry: SeenEntry): readonly ViewPart[] | null {
  return (
    view.parts(entry) ?? (isImported(entry.content) ? defaultParts(entry.content, entry.entryType) : null)
  );
}

/** The views that are known, by the tags of the sessions that they are for. */
export class EntryViews {
  readonly #loaders: Readonly<Record<string, ViewLoader>>;
  readonly #loaded = new Map<string, Promise<EntryView>>();

  /** @param loaders each is asked at most once, when its tag is first seen. */
  constructor(loaders: Readonly<Record<string, ViewLoader>>) {
    this.#loaders = loaders;
  }

  /** The first of these tags that has a view, which need not be loaded. */
  tagOf(tags: readonly string[]): string | undefined {
    return tags.find((each) => Object.hasOwn(this.#loaders, each));
  }

  /**
   * The view of a session: that of the first of its tags that has one, else {@link DEFAULT_VIEW}.
   *
   * Rejects where the view cannot be loaded; the next call tries again.
   */
  async of(tags: readonly string[]): Promise<EntryView> {
    const tag = this.tagOf(tags);
    if (tag === undefined) return DEFAULT_VIEW;
    let view = this.#loaded.get(tag);
    if (!view) {
      view = (this.#loaders[tag] as ViewLoader)();
      this.#loaded.set(tag, view);
      view.catch(() => this.#loaded.delete(tag));
    }
    return view;
  }
}
