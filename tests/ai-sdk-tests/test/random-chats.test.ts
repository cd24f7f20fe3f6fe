// Chats that are saved, regenerated, edited and forked at random, by two savers: each is what an array is.
import { type ChatStore, chatStore, type UIMessageLike } from "@thulp-sessions/ai-sdk";
import { LOCAL_KINDS, postgresKind } from "@thulp-sessions/testing-stores";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const SOAK = process.env["SOAK"] === "1";
const SEED = process.env["SEED"];
const OPTIONS = SEED === undefined ? {} : { seed: Number(SEED) };
const KINDS = SOAK ? [...LOCAL_KINDS, await postgresKind()] : LOCAL_KINDS;
const SHORT: Readonly<Record<string, number>> = { memory: 20, sqlite: 4, fs: 4, remote: 2 };
/** On average 30 are made: in the long run 12,000 in each store. */
const STEPS_A_RUN = 50;

type Messages = readonly UIMessageLike[];

const step = fc.record({
  /** Who saves, and who loads. */
  saver: fc.nat(1),
  loader: fc.nat(1),
  chat: fc.nat(20),
  /** A message, from the end. */
  place: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
  text: fc.oneof(fc.string({ maxLength: 20 }), fc.constant("half \ud83d")),
  what: fc.constantFrom(
    "turn",
    "turn",
    "turn",
    "regenerate",
    "edit",
    "again",
    "drop",
    "upsert",
    "fork",
    "swap",
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe.each(KINDS.filter(({ missing }) => missing === null))("over $name", (kind) => {
  const numRuns = SOAK ? 400 : (SHORT[kind.name] ?? 1);

  test("a chat equals an array", { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: STEPS_A_RUN, size: "max" }),
        async (steps) => {
          const place = await kind.place();
          const savers = [chatStore(await place.open()), chatStore(await place.open())];
          const arrays: [string, Messages][] = [["chat 0", []]];
          for (const [i, each] of steps.entries()) {
            const entry = arrays[each.chat % arrays.length] as [string, Messages];
            await play(each, i, savers[each.saver] as (typeof savers)[0], entry, arrays);
            expect(await savers[each.loader]?.loadChat(entry[0])).toEqual(entry[1]);
          }
          for (const [id, messages] of arrays)
            for (const saver of [...savers, chatStore(await place.open())])
              expect(await saver.loadChat(id)).toEqual(messages);
          await place.dispose();
        },
      ),
      { numRuns, ...OPTIONS },
    );
  });
});

async function play(
  { what, place, text }: Step,
  i: number,
  saver: ChatStore<UIMessageLike>,
  entry: [string, Messages],
  arrays: [string, Messages][],
): Promise<void> {
  const [chatId, before] = entry;
  const end = Math.max(0, before.length - place);
  const save = async (messages: Messages) => {
    entry[1] = messages;
    await saver.saveChat({ chatId, messages });
  };
  const last = before[end - 1];
  if (what === "turn")
    return save([...before, message(`u${i}`, "user", text), message(`a${i}`, "assistant", text)]);
  if (what === "again") return save(before);
  if (what === "drop") return save(before.slice(0, end));
  if (what === "swap") return save([...before.slice(end), ...before.slice(0, end)]);
  if (last === undefined) return;
  const changed = message(last.id, last.role, `${text} ${i}`);
  if (what === "regenerate") return save([...before.slice(0, end - 1), changed]);
  if (what === "edit") return save([...before.slice(0, end - 1), changed, ...before.slice(end)]);
  if (what === "upsert") {
    entry[1] = before.map((each) => (each === last ? changed : each));
    return saver.upsertMessage({ chatId, message: changed }, { rewriteAfter: true });
  }
  const id = `chat ${i + 1}`;
  await saver.forkChat(chatId, { id, throughMessageId: last.id });
  arrays.push([id, before.slice(0, end)]);
}

function message(id: string, role: string, text: string): UIMessageLike {
  return { id, role, parts: [{ type: "text", text }] };
}
