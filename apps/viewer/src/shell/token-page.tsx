import { useState } from "preact/hooks";
import { giveToken, lockedBy } from "../live/live.ts";
import { TextPage } from "../parts/text-page.tsx";

const WHY = {
  none: "This server wants a token.",
  code: "The code in the link is used up or too old.",
  refused: "The server does not take the token that this page has.",
} as const;

/** What to do where the server wants a token that this page does not have. */
export function TokenPage() {
  const [token, setToken] = useState("");
  return (
    <TextPage>
      <h1>{WHY[lockedBy.value]}</h1>
      <p>Open the page by a fresh link, which the command makes:</p>
      <pre>
        <code>thulp-sessions open</code>
      </pre>
      <p>
        Or paste the token that the server was started with. It stays in this tab, and goes when it is closed.
      </p>
      <form
        class="token-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== "") giveToken(token);
        }}
      >
        <label>
          Token{" "}
          <input
            type="password"
            name="token"
            autocomplete="off"
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open</button>
      </form>
    </TextPage>
  );
}
