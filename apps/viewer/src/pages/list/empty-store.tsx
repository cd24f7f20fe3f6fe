import { visibleText } from "@thulp-sessions/core/text";
import { calls, serverSettings } from "../../live/live.ts";
import { copyText } from "../../parts/copy.ts";
import { SCROLLABLE } from "../../parts/scrollable.ts";
import { useQuery } from "../../parts/use-query.ts";
import { BASE } from "../../url/base.ts";
import { DemoButton } from "./demo-button.tsx";

/** What a person can do before there is a session. */
export function EmptyStore() {
  const info = useQuery("info", (signal) => calls().server.info.query(undefined, { signal }));
  const isReadOnly = info.data?.capabilities.writable === false;
  return (
    <div class="empty">
      <h2>No session yet</h2>
      {isReadOnly ? (
        <p>
          This server only reads <code>{visibleText(info.data?.store ?? "")}</code>: what other programs write
          there appears here by itself.
        </p>
      ) : (
        !info.waiting && <WaysToGetOne />
      )}
    </div>
  );
}

function WaysToGetOne() {
  const url = location.origin + BASE;
  const program = `import { createClient } from "@thulp-sessions/client";

const client = createClient({ url: ${JSON.stringify(url)} });
const { metadata } = await client.sessions.create.mutate({
  name: "My first session",
  sessionType: { type: "conversation", purpose: "try it" },
});
console.log(metadata.id);`;
  return (
    <>
      <p>They appear here by themselves as soon as there is one. Four ways to get one:</p>
      <h3>A demo, to look around</h3>
      {serverSettings.value?.writes && <DemoButton />}
      <Snippet text={`thulp-sessions demo --store ${url}`} />
      <h3>From a terminal</h3>
      <Snippet text={`thulp-sessions create "My first session" --store ${url}`} />
      <h3>What your agents have written already</h3>
      <Snippet text={`thulp-sessions import --from auto --store ${url}`} />
      <h3>From a program</h3>
      <Snippet text={program} />
      {serverSettings.value?.tokenNeeded && (
        <p class="quiet">
          This server wants a token: programs give it as `token`, the command as --token-file.
        </p>
      )}
    </>
  );
}

function Snippet({ text }: { readonly text: string }) {
  return (
    <div class="snippet">
      <pre {...SCROLLABLE}>
        <code>{text}</code>
      </pre>
      <button type="button" onClick={() => copyText(text, "Text")}>
        Copy
      </button>
    </div>
  );
}
