// What cannot be kept is refused, as a whole, and no message quotes a content.
import { type ClaudeEntry, claudeSessionStore } from "@thulp-sessions/claude-agent-sdk";
import { MemoryStore } from "@thulp-sessions/core/memory";
import { expect, test, vi } from "vitest";

const KEY = { projectKey: "proj", sessionId: "sess" };

test("names that are none, and entries that are none", async () => {
  const store = new MemoryStore();
  const claude = claudeSessionStore(store);
  const cyclic: Record<string, unknown> = { type: "x", text: "a secret" };
  cyclic["cyclic"] = cyclic;
  for (const [key, entries, words] of [
    [{ ...KEY, subpath: "" }, [{ type: "x" }], "empty"],
    [{ ...KEY, subpath: "" }, [], "empty"],
    [{ ...KEY, subpath: "half \ud83d" }, [{ type: "x" }], "half a character"],
    [{ ...KEY, subpath: "x".repeat(70_000) }, [{ type: "x" }], "too long"],
    [{ ...KEY, sessionId: "x".repeat(70_000) }, [{ type: "x" }], "too long"],
    [KEY, [{ type: "x" }, { text: "a secret" }], "entries[1]"],
    [KEY, [{ type: "x" }, "a secret"], "entries[1]"],
    [KEY, [{ type: "x" }, cyclic], "contains itself"],
  ] as const) {
    const error: unknown = await claude.append(key, entries as unknown as ClaudeEntry[]).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(words);
    expect(String((error as Error).stack)).not.toContain("a secret");
  }
  expect(await store.count()).toBe(0);
});

test("without the SDK's fold there are no summaries, which the SDK can see", () => {
  expect("listSessionSummaries" in claudeSessionStore(new MemoryStore())).toBe(false);
});

test("the methods work off the object, as the SDK may call them", async () => {
  const { append, load } = claudeSessionStore(new MemoryStore());
  const entries = [{ type: "x", text: "before" }];
  const appended = append(KEY, entries);
  // The caller goes on with its own objects.
  (entries[0] as { text: string }).text = "after";
  entries.push({ type: "y", text: "after" });
  await appended;
  expect(await load(KEY)).toEqual([{ type: "x", text: "before" }]);
});

test("a call waits for the one before it, also where that fails", async () => {
  const store = new MemoryStore();
  const claude = claudeSessionStore(store);
  await claude.append(KEY, [{ type: "x", n: 0 }]);
  const append = store.append.bind(store);
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const spy = vi.spyOn(store, "append");
  spy.mockImplementationOnce(async (...args) => {
    await held;
    return append(...args);
  });
  spy.mockRejectedValueOnce(new Error("disk full"));
  const first = claude.append(KEY, [{ type: "x", n: 1 }]);
  await vi.waitFor(() => expect(spy).toHaveBeenCalledTimes(1));
  const second = claude.append(KEY, [{ type: "x", n: 2 }]);
  const third = claude.append(KEY, [{ type: "x", n: 3 }]);
  goOn();
  await first;
  await expect(second).rejects.toThrow("disk full");
  await third;
  expect((await claude.load(KEY))?.map((each) => each["n"])).toEqual([0, 1, 3]);
});

test("an entry of any size is one, and a changed one of its uuid is left out as a whole", async () => {
  const store = new MemoryStore();
  const claude = claudeSessionStore(store);
  const large = { type: "x", uuid: "large", text: "x".repeat(9_000_000) };
  await claude.append(KEY, [{ type: "x", n: 1 }, large, { type: "x", n: 2 }]);
  await claude.append(KEY, [
    { ...large, text: `${large.text}y` },
    { type: "x", n: 3 },
  ]);
  await claude.append(KEY, [
    { ...large, text: `y${large.text.slice(1)}` },
    { type: "x", n: 4 },
  ]);
  const loaded = (await claude.load(KEY)) ?? [];
  expect(loaded.map((each) => each["n"] ?? each["text"] === large.text)).toEqual([1, true, 2, 3, 4]);
});
