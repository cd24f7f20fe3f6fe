import type { Signal } from "@preact/signals";
import { groupDigits, visibleText } from "@thulp-sessions/core/text";
import { calls, serverSettings } from "../../live/live.ts";
import { DENSITIES, density, THEMES, TIME_ZONES, theme, timeZone } from "../../parts/preferences.ts";
import { ProblemBox } from "../../parts/problem-box.tsx";
import { TextPage } from "../../parts/text-page.tsx";
import { duration } from "../../parts/time.ts";
import { useQuery } from "../../parts/use-query.ts";
import { ViewSettings } from "./view-settings.tsx";

/** What a person can choose, which stays in this browser, and what the server says of itself. */
export function SettingsPage() {
  const info = useQuery("info", (signal) => calls().server.info.query(undefined, { signal }));
  return (
    <TextPage>
      <h1>Settings</h1>
      <Choice name="Theme" chosen={theme} words={THEMES} />
      <Choice name="Times in" chosen={timeZone} words={TIME_ZONES} />
      <Choice name="Rows" chosen={density} words={DENSITIES} />
      <p class="quiet">They stay in this browser.</p>
      <ViewSettings />
      <h2>Server</h2>
      {info.problem && <ProblemBox problem={info.problem} />}
      {info.data && (
        <dl class="facts">
          <dt>Version</dt>
          <dd>{info.data.version}</dd>
          <dt>Store</dt>
          <dd>{visibleText(info.data.store)}</dd>
          <dt>Sessions</dt>
          <dd>{groupDigits(info.data.sessionCount)}</dd>
          <dt>Running for</dt>
          <dd>{duration(info.data.uptime)}</dd>
          <dt>Open subscriptions</dt>
          <dd>{groupDigits(info.data.subscriptionCount)}</dd>
          <dt>This page</dt>
          <dd>{serverSettings.value?.writes ? "may change sessions" : "only looks"}</dd>
        </dl>
      )}
    </TextPage>
  );
}

function Choice<const T extends string>({
  name,
  chosen,
  words,
}: {
  readonly name: string;
  readonly chosen: Signal<T>;
  readonly words: readonly T[];
}) {
  return (
    <fieldset>
      <legend>{name}</legend>
      {words.map((word) => (
        <label key={word}>
          <input
            type="radio"
            name={name}
            checked={chosen.value === word}
            onChange={() => {
              chosen.value = word;
            }}
          />{" "}
          {word}
        </label>
      ))}
    </fieldset>
  );
}
