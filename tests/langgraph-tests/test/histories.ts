import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import {
  type BaseCheckpointSaver,
  type Checkpoint,
  type CheckpointMetadata,
  type CheckpointTuple,
  ERROR,
  INTERRUPT,
  JsonPlusSerializer,
  RESUME,
  TASKS,
  uuid6,
} from "@langchain/langgraph-checkpoint";
import fc from "fast-check";

/** One call of a graph, as the generator gives it; numbers choose among what is there. */
export type Step =
  | { readonly kind: "put"; readonly parent: number; readonly changes: readonly Change[] }
  | {
      readonly kind: "writes";
      readonly at: number;
      readonly task: string;
      readonly path: string;
      readonly writes: readonly [string, unknown][];
    }
  | { readonly kind: "delete" };

type Change =
  | { readonly channel: "messages"; readonly drop: number; readonly add: readonly BaseMessage[] }
  | { readonly channel: string; readonly value: unknown };

const THREADS = ["a", "b\ud83d"];
const NAMESPACES = ["", "child:1"];

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ minLength: 300, maxLength: 400 }),
  fc.constant("half \ud83d of one"),
);
const message = fc
  .record({ kind: fc.nat({ max: 3 }), content: text, id: fc.option(fc.uuid(), { nil: undefined }) })
  .map(({ kind, content, id }): BaseMessage => {
    const given = id === undefined ? { content } : { content, id };
    if (kind === 0) return new HumanMessage(given);
    if (kind === 1) return new AIMessage(given);
    if (kind === 2) return new SystemMessage(given);
    return new ToolMessage({ ...given, tool_call_id: "call", name: "search", status: "error" });
  });
const plain = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, undefined, 0, -1.5, true, [], {}, [undefined], { "~json": "x" }, () => 1),
  fc.array(fc.oneof(text, fc.nat(), fc.array(text, { maxLength: 2 })), { maxLength: 4 }),
  fc.dictionary(fc.constantFrom("a", "~bytes", "long"), text, { maxKeys: 2 }),
  fc.uint8Array({ maxLength: 8 }),
  fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 2 }),
  fc.array(fc.nat(), { maxLength: 3 }).map((items) => new Set(items)),
  message,
);
// MemorySaver cannot read these back where they are what a task has written.
const written = plain.filter((value) => typeof value !== "function" && !(value instanceof Uint8Array));
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      channel: fc.constant("messages" as const),
      drop: fc.constantFrom(0, 0, 0, 0, 1, 5),
      add: fc.array(message, { maxLength: 3 }),
    }),
  },
  fc.record({ channel: fc.constantFrom("state", "__start__", "branch:to:x"), value: plain }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      // Mostly the newest one; sometimes a fork.
      parent: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 30 })),
      changes: fc.array(change, { maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("writes" as const),
      at: fc.nat({ max: 5 }),
      task: fc.constantFrom("task-a", "task-b", "10"),
      path: fc.constantFrom("", "~__pregel_pull, b", "~__pregel_push, 0", "😀"),
      writes: fc.array(
        fc.tuple(
          fc.constantFrom("messages", "state", ERROR, INTERRUPT, RESUME, TASKS),
          fc.oneof(written, fc.array(message)),
        ),
        { maxLength: 3 },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "delete" as const }) },
);

/** Calls on a few threads and namespaces, which belong together as those of a graph do. */
export const history = fc.array(fc.record({ thread: fc.nat({ max: 1 }), ns: fc.nat({ max: 1 }), step }), {
  minLength: 1,
  maxLength: 40,
});
export type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

interface Known {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, number>>;
}

/** Makes the calls of a history on any saver: the same calls, with the same ids, on each. */
export class Player {
  readonly #known = new Map<string, Known[]>();
  #count = 0;

  /** Every place where something was put. */
  readonly places: {
    readonly thread_id: string;
    readonly checkpoint_ns: string;
    readonly checkpoint_id: string;
  }[] = [];

  async play(calls: History, savers: () => readonly BaseCheckpointSaver[]): Promise<void> {
    for (const { thread, ns, step: each } of calls) {
      const place = { thread_id: THREADS[thread] as string, checkpoint_ns: NAMESPACES[ns] as string };
      await this.#playStep(place, each, savers());
    }
  }

  async #playStep(
    place: { thread_id: string; checkpoint_ns: string },
    each: Step,
    savers: readonly BaseCheckpointSaver[],
  ): Promise<void> {
    const key = JSON.stringify(place);
    const known = this.#known.get(key) ?? [];
    this.#known.set(key, known);
    if (each.kind === "delete") {
      for (const saver of savers) await saver.deleteThread(place.thread_id);
      for (const ns of NAMESPACES) this.#known.delete(JSON.stringify({ ...place, checkpoint_ns: ns }));
      return;
    }
    if (each.kind === "writes") {
      const at = known.at(-1 - (each.at % Math.max(1, known.length)))?.id ?? uuid6(this.#count++);
      const config = { configurable: { ...place, checkpoint_id: at } };
      for (const saver of savers) await saver.putWrites(config, [...each.writes], each.task, each.path);
      return;
    }
    const parent = known.at(-1 - (each.parent % Math.max(1, known.length)));
    const { checkpoint, newVersions } = nextCheckpoint(parent, each.changes, uuid6(this.#count++));
    const metadata = { source: "loop", step: this.#count, parents: {}, note: "n".repeat(this.#count % 7) };
    const configurable = parent === undefined ? place : { ...place, checkpoint_id: parent.id };
    for (const saver of savers)
      await saver.put({ configurable }, checkpoint, metadata as CheckpointMetadata, newVersions);
    const { id, channel_values: values, channel_versions: versions } = checkpoint;
    known.push({ id, values, versions: versions as Record<string, number> });
    this.places.push({ ...place, checkpoint_id: id });
  }
}

function nextCheckpoint(parent: Known | undefined, changes: readonly Change[], id: string) {
  const values = entriesOf(parent?.values);
  const versions = entriesOf(parent?.versions);
  const newVersions = new Map<string, number>();
  const next = Math.max(0, ...versions.values()) + 1;
  for (const each of changes) {
    if ("add" in each) {
      const list = (values.get("messages") ?? []) as BaseMessage[];
      values.set("messages", [...list.slice(each.drop), ...each.add]);
    } else values.set(each.channel, each.value);
    versions.set(each.channel, next);
    newVersions.set(each.channel, next);
  }
  const checkpoint = {
    v: 4,
    id,
    ts: "2026-01-01T00:00:00.000Z",
    channel_values: Object.fromEntries(values),
    channel_versions: Object.fromEntries(versions),
    versions_seen: { node: Object.fromEntries(newVersions) },
  };
  return { checkpoint: checkpoint as Checkpoint, newVersions: Object.fromEntries(newVersions) };
}

function entriesOf<T>(record: Readonly<Record<string, T>> | undefined): Map<string, T> {
  return new Map(Object.entries(record ?? {}));
}

const serde = new JsonPlusSerializer();

/** A tuple as text, the same for two that LangGraph cannot tell from each other. */
export async function textOf(tuple: CheckpointTuple | undefined): Promise<string> {
  if (tuple === undefined) return "none";
  const { config, checkpoint, metadata, parentConfig, pendingWrites } = tuple;
  const { channel_values, ...bare } = checkpoint;
  const values = Object.entries(channel_values).sort(([a], [b]) => (a < b ? -1 : 1));
  const { thread_id, checkpoint_ns, checkpoint_id } = config.configurable ?? {};
  const place = [thread_id, checkpoint_ns, checkpoint_id, Object.keys(config)];
  const parts = [place, bare, values, metadata, parentConfig, pendingWrites];
  const [, bytes] = await serde.dumpsTyped(parts);
  return new TextDecoder().decode(bytes);
}
