// The example of the README, over every store.
import { LOCAL_KINDS } from "@thulp-sessions/testing-stores";
import { describe, expect, test } from "vitest";
import { optionsFor } from "../example/options.ts";

describe.each(LOCAL_KINDS)("over $name", (kind) => {
  test("a query goes on with the session that was written last", async () => {
    const place = await kind.place();
    const first = await optionsFor(await place.open(), "proj");
    expect(first.resume).toBe(undefined);
    for (const sessionId of ["a", "b", "a"]) {
      const before = Date.now();
      while (Date.now() === before) await new Promise((resolve) => setImmediate(resolve));
      await first.sessionStore.append({ projectKey: "proj", sessionId }, [{ type: "x", text: sessionId }]);
      const next = await optionsFor(await place.open(), "proj");
      expect(next.resume).toBe(sessionId);
      expect((await next.sessionStore.load({ projectKey: "proj", sessionId }))?.at(-1)).toEqual({
        type: "x",
        text: sessionId,
      });
    }
    await place.dispose();
  });
});
