import { isSessionError, SessionError } from "../model/errors.ts";
import { newUuid } from "../model/ids.ts";
import type { BaseStore } from "../store/base-store.ts";
import { isLabelled, type LabelledStore } from "../store/labelled-store.ts";
import type { StoreCapabilities } from "../store/session-store.ts";
import type { WarningListener } from "../store/warnings.ts";
import { Shard, type ShardSource } from "./shard.ts";
import { checkedLabel, formatLabel, wrongList } from "./shard-label.ts";
import { ShardedStore } from "./sharded-store.ts";

/** The most shards of one store. */
export const MAX_SHARDS = 1_000;

export interface ShardedStoreOptions {
  /** In an order that never changes: it says where each session lies. 1 to {@link MAX_SHARDS}. */
  readonly shards: readonly ShardSource[];
  /** A name for people, e.g. `shards:/etc/thulp/shards.json`; `shards:` when absent. */
  readonly location?: string | undefined;
  /** Called with the warnings of every shard, and with one for each that is away when it is opened. */
  readonly onWarning?: WarningListener | undefined;
}

type Answers = readonly { readonly shard: Shard; readonly store: (BaseStore & LabelledStore) | null }[];

/**
 * Opens one store over several. The first time, when all shards have to be there and empty, each gets a label
 * that says which place of which list it is. From then on a list with another order, with fewer or more
 * shards or with a shard of another list is refused. Some shards may be away: then their labels are checked
 * when they are there again.
 *
 * @throws {SessionError} unsupported for a wrong list; busy where no shard is there, or not all of a new
 * list; else what the opening of a shard throws.
 */
export async function openShardedStore(options: ShardedStoreOptions): Promise<ShardedStore> {
  const { shards: sources, location = "shards:", onWarning } = options;
  if (sources.length < 1 || sources.length > MAX_SHARDS)
    throw new TypeError(`A sharded store has 1 to ${MAX_SHARDS} shards, not ${sources.length}.`);
  let opened: ShardedStore | undefined;
  const listen = (store: BaseStore) => {
    store.warnings.listen((warning) => {
      if (opened) opened.warnings.emit(warning);
      else onWarning?.(warning);
    });
  };
  const shards = sources.map((source, i) => new Shard(source, i + 1, sources.length, listen));
  try {
    const answers = await openAll(shards);
    const list = await agreedList(answers);
    const capabilities = leastOf(shards.flatMap(({ capabilities: own }) => own ?? []));
    for (const [i, shard] of shards.entries())
      shard.check = async (store) =>
        checkLater(shard, store, { list, place: i + 1, of: shards.length, capabilities });
    const readOnly = shards.find((shard) => shard.capabilities?.writable === false);
    const unsearched = shards.find((shard) => shard.capabilities?.searchable === false);
    opened = new ShardedStore({
      location,
      shards,
      capabilities,
      readOnlyReason: readOnly && `${readOnly.title} was opened so, or may only be read`,
      notSearchableReason: unsearched && `${unsearched.title} was opened so (search=off in its URL)`,
    });
    if (onWarning) opened.warnings.listen(onWarning);
    for (const { shard, store } of answers)
      if (!store)
        opened.warnings.emit({
          code: "busy",
          message: `${shard.title} is away: its sessions, lists, counts and searches are refused until it is there.`,
        });
    return opened;
  } catch (error) {
    await Promise.allSettled(shards.map((shard) => shard.close()));
    throw error;
  }
}

/** @throws {SessionError} where none can be opened, or one for a reason that will not pass by itself. */
async function openAll(shards: readonly Shard[]): Promise<Answers> {
  const answers = await Promise.allSettled(
    shards.map((shard) => shard.call(async (_, store) => labelled(store, shard))),
  );
  const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
  const lasting = failures.find((error) => !isSessionError(error, "busy"));
  if (lasting !== undefined) throw lasting;
  if (failures.length === shards.length) throw failures[0];
  return shards.map((shard, i) => {
    const answer = answers[i];
    return { shard, store: answer?.status === "fulfilled" ? answer.value : null };
  });
}

function labelled(store: BaseStore, shard: Shard): BaseStore & LabelledStore {
  if (isLabelled(store)) return store;
  throw new SessionError(
    "unsupported",
    `${shard.title} is a store that cannot keep to which list it belongs: it has no readLabel and claimLabel.`,
  );
}

/** The id of the list. A new list gets one, which every shard then keeps. */
async function agreedList(answers: Answers): Promise<string> {
  const labels = await readLabels(answers);
  const known = checkedList(answers, labels);
  if (!labels.includes(null)) return known ?? newUuid();
  try {
    await checkAllNew(answers, labels, known !== null);
  } catch (error) {
    // Another program may have made the list, and stored something, since the labels were read.
    const now = await readLabels(answers);
    const made = now.includes(null) ? null : checkedList(answers, now);
    if (made === null) throw error;
    return made;
  }
  return claimAll(answers, known ?? newUuid());
}

/** `null` where the place has no label, `undefined` where the shard is away. */
function readLabels(answers: Answers): Promise<(string | null | undefined)[]> {
  return Promise.all(
    answers.map(({ shard, store }) => (store ? shard.call(() => store.readLabel()) : undefined)),
  );
}

/** The list to which all that have a label belong; `null` where none has one. */
function checkedList(answers: Answers, labels: readonly (string | null | undefined)[]): string | null {
  const found = answers.flatMap(({ shard }, i) => {
    const label = labels[i];
    if (typeof label !== "string") return [];
    return [{ title: shard.title, list: checkedLabel(label, shard.name, i + 1, answers.length).list }];
  });
  const [first] = found;
  const other = found.find(({ list }) => list !== first?.list);
  if (first && other) throw wrongList(`${first.title} and ${other.title} belong to two lists`);
  return first?.list ?? null;
}

/** Only where nothing has ever been stored may a shard be without a label: the opening was interrupted. */
async function checkAllNew(
  answers: Answers,
  labels: readonly (string | null | undefined)[],
  isKnown: boolean,
): Promise<void> {
  const away = answers.find(({ store }) => store === null);
  if (away && !isKnown)
    throw new SessionError(
      "busy",
      `${away.shard.title} is away. A new list is made only where all its shards are there: try again.`,
    );
  const counts = await Promise.all(
    answers.map(({ shard, store }) => (store ? shard.call((part) => part.count({})) : 1)),
  );
  if (counts.every((count) => count === 0)) return;
  const fresh = labels.indexOf(null);
  const { title } = answers[fresh]?.shard ?? {};
  if (isKnown) throw unlabelled(title);
  const filled = counts.findIndex((count) => count > 0);
  throw new SessionError(
    "unsupported",
    `${answers[filled]?.shard.title} holds ${counts[filled]} sessions, and a new list is made of empty stores, since each session ` +
      "has its own shard. Name new stores in the list, and copy the sessions into it: thulp-sessions copy FROM shards:FILE.",
  );
}

/** The first shard decides between two programs that open a new list at the same moment. */
async function claimAll(answers: Answers, list: string): Promise<string> {
  const of = answers.length;
  const claim = async ({ shard, store }: Answers[number], place: number, id: string): Promise<string> => {
    const label = await shard.call(async () =>
      store?.claimLabel(formatLabel({ list: id, shard: place, of })),
    );
    return checkedLabel(label ?? "", shard.name, place, of).list;
  };
  const [first, ...others] = answers;
  if (!first) return list;
  const agreed = await claim(first, 1, list);
  const lists = await Promise.all(others.map((each, i) => claim(each, i + 2, agreed)));
  const other = lists.findIndex((each) => each !== agreed);
  if (other < 0) return agreed;
  throw wrongList(`${first.shard.title} and ${others[other]?.shard.title} belong to two lists`);
}

interface Expected {
  readonly list: string;
  readonly place: number;
  readonly of: number;
  readonly capabilities: StoreCapabilities;
}

function unlabelled(title: string | undefined): SessionError {
  return wrongList(
    `${title} belongs to no list, and others do: its database is another one, was recreated, or a disk is not mounted. ` +
      "Put back the right one, or restore its backup",
  );
}

/** What has to hold of a shard that was away when the store was opened. */
async function checkLater(shard: Shard, store: BaseStore, expected: Expected): Promise<void> {
  const label = await labelled(store, shard).readLabel();
  if (label === null) throw unlabelled(shard.title);
  if (checkedLabel(label, shard.name, expected.place, expected.of).list !== expected.list)
    throw wrongList(`${shard.title} belongs to another list than the others`);
  const lacking = [...CAPABILITIES, "searchable" as const].find(
    (each) => (expected.capabilities[each] ?? true) && !(store.capabilities[each] ?? true),
  );
  if (lacking === undefined) return;
  throw new SessionError(
    "unsupported",
    `${shard.title} has come back without what the others have (${lacking}): open the store again.`,
  );
}

const CAPABILITIES = ["persistent", "shared", "exactNumbers", "writable"] as const;

function leastOf(all: readonly StoreCapabilities[]): StoreCapabilities {
  const [persistent, shared, exactNumbers, writable] = CAPABILITIES.map((each) =>
    all.every((capabilities) => capabilities[each]),
  ) as [boolean, boolean, boolean, boolean];
  const searchable = all.every((capabilities) => capabilities.searchable ?? true);
  return { persistent, shared, exactNumbers, writable, ...(!searchable && { searchable }) };
}
