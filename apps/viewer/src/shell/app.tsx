import { lazy, Suspense } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { access, outdated } from "../live/live.ts";
import { beginList, ListPage } from "../pages/list/list-page.tsx";
import { Palette } from "../pages/palette/palette.tsx";
import { announcement } from "../parts/announcement.ts";
import { TextPage } from "../parts/text-page.tsx";
import { useKeys } from "../parts/use-keys.ts";
import { HOME } from "../url/href.ts";
import { EMPTY_LIST } from "../url/list-state.ts";
import { navigate, route } from "../url/navigation.ts";
import type { Route } from "../url/route.ts";
import { Header } from "./header.tsx";
import { TokenPage } from "./token-page.tsx";

// The list is what nearly everybody sees first; each other page comes when it is opened. The palette is there
// from the start: letters that are typed while it is loaded would be keys of the page.
const LOADERS = {
  session: () => import("../pages/session/session-page.tsx").then((m) => ({ default: m.SessionPage })),
  tree: () => import("../pages/tree/tree-page.tsx").then((m) => ({ default: m.TreePage })),
  runs: () => import("../pages/runs/runs-page.tsx").then((m) => ({ default: m.RunsPage })),
  run: () => import("../pages/runs/run-page.tsx").then((m) => ({ default: m.RunPage })),
  skill: () => import("../pages/runs/skill-page.tsx").then((m) => ({ default: m.SkillPage })),
  stats: () => import("../pages/stats/stats-page.tsx").then((m) => ({ default: m.StatsPage })),
  compare: () => import("../pages/compare/compare-page.tsx").then((m) => ({ default: m.ComparePage })),
  settings: () => import("../pages/settings/settings-page.tsx").then((m) => ({ default: m.SettingsPage })),
  help: () => import("../pages/help/help-page.tsx").then((m) => ({ default: m.HelpPage })),
};
const SessionPage = lazy(LOADERS.session);
const TreePage = lazy(LOADERS.tree);
const RunsPage = lazy(LOADERS.runs);
const RunPage = lazy(LOADERS.run);
const SkillPage = lazy(LOADERS.skill);
const StatsPage = lazy(LOADERS.stats);
const ComparePage = lazy(LOADERS.compare);
const SettingsPage = lazy(LOADERS.settings);
const HelpPage = lazy(LOADERS.help);

/** Loads the script of a page before it is shown: while it is not known yet whether there is access. */
export async function preload({ page }: Route): Promise<void> {
  // What went wrong is said when the page is shown.
  if (page in LOADERS) await LOADERS[page as keyof typeof LOADERS]().catch(() => {});
}

/** Asks for what a page shows, before it is drawn. */
export async function begin(first: Route): Promise<void> {
  if (access.value !== "open") return;
  if (first.page === "list") beginList(first.list);
  else if (first.page === "session") {
    const page = await import("../pages/session/session-page.tsx").catch(() => null);
    page?.begin(first.session);
  }
}

/** Everything on the screen. */
export function App() {
  const current = route.value;
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useEffect(() => {
    if (current.page !== "session") document.title = titleOf(current);
  }, [current]);
  useKeys({
    "?": () => navigate({ page: "help" }),
    u: () => navigate({ page: "list", list: EMPTY_LIST }),
    "Ctrl+k": () => setPaletteOpen(access.value === "open"),
  });
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        To the content
      </button>
      <Header />
      {outdated.value && (
        <p class="bar" role="status">
          The server was updated.{" "}
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {access.value === "locked" ? (
          <TokenPage />
        ) : access.value === "open" ? (
          <Suspense fallback={<p class="unseen">Loading</p>}>
            <Page route={current} />
          </Suspense>
        ) : null}
      </main>
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
      <p class={announcement.value === "" ? "toast hidden" : "toast"} role="status">
        {announcement.value}
      </p>
    </>
  );
}

function Page({ route: current }: { readonly route: Route }) {
  switch (current.page) {
    case "list":
      return <ListPage list={current.list} />;
    case "session":
      return <SessionPage session={current.session} key={current.session.id} />;
    case "tree":
      return <TreePage id={current.id} key={current.id} />;
    case "compare":
      return <ComparePage route={current} key={`${current.a} ${current.b}`} />;
    case "stats":
      return <StatsPage list={current.list} />;
    case "runs":
      return <RunsPage />;
    case "run":
      return <RunPage route={current} key={current.tag} />;
    case "skill":
      return <SkillPage name={current.name} key={current.name} />;
    case "settings":
      return <SettingsPage />;
    case "help":
      return <HelpPage />;
    default:
      return (
        <TextPage>
          <h1>There is no such page</h1>
          <p>
            <a href={HOME}>All sessions</a>
          </p>
        </TextPage>
      );
  }
}

function titleOf(current: Route): string {
  const name = current.page === "list" && current.list.text !== "" ? current.list.text.slice(0, 60) : "";
  const page = current.page === "list" ? "" : current.page;
  return [name || page, "thulp-sessions"].filter((part) => part !== "").join(" · ");
}
