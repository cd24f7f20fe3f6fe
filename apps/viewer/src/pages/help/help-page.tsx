import { TextPage } from "../../parts/text-page.tsx";
import { KEYS } from "./key-list.ts";

/** The keys, and where to read on. */
export function HelpPage() {
  return (
    <TextPage>
      <h1>Keys</h1>
      <p>In a field a letter is a letter; no key changes what is stored.</p>
      {KEYS.map(([place, keys]) => (
        <section key={place}>
          <h2>{place}</h2>
          <dl class="keys">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  {key.split(" ").map((each) => (
                    <kbd key={each}>{each}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <h1>Searching</h1>
      <p>
        Words are found whole, in any case, with or without accents: <code>parse</code>. <code>pars*</code>{" "}
        finds what begins so, <code>"two words"</code> a phrase. Several terms all have to be in one entry.
        The beginning of a session's id finds that session.
      </p>
      <h1>Links</h1>
      <p>
        The address says all that you see: filter, search, tab and entry. <code>#e123</code> is an entry,{" "}
        <code>#e120-131</code> a range.
      </p>
    </TextPage>
  );
}
