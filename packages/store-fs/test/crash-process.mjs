// A process of its own that changes the sessions of a folder at random until it is killed. Runs the built
// package. Arguments: folder, durability, seed, the sessions there are (JSON: id -> how many entries), after
// how many file calls it kills itself (0: somebody else does). On stdout: every call before it is made, as
// JSON, and "ok" after it was acknowledged; both synchronously, so that what was told was told before the
// kill.
import fs, { writeSync } from "node:fs";
import { openFileStore } from "@thulp-sessions/store-fs";

const [dir, durability, seed, known, fileCalls] = process.argv.slice(2);
const counts = new Map(Object.entries(JSON.parse(known)));
const store = await openFileStore({ dir, durability });

let state = Number(seed) | 0;
function random(choices) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * choices);
}
function uuid() {
  const digits = Array.from({ length: 32 }, () => random(16).toString(16)).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Where the writes of the fixed fields begin. */
const FIXED_HEADER_AT = 36;

/**
 * A kill from outside hardly ever falls between two file calls, or into a write: here it does, with a part
 * written.
 */
function dieAfter(calls) {
  let left = calls;
  for (const name of [
    "openSync",
    "writeSync",
    "ftruncateSync",
    "linkSync",
    "renameSync",
    "unlinkSync",
    "fsync",
    "fdatasync",
  ]) {
    const real = fs[name];
    fs[name] = (...args) => {
      if (--left > 0) return real(...args);
      const [descriptor, bytes, offset, length, position] = args;
      // The fixed fields of the header lie within one sector, which the system copies in one go.
      const isFixedHeader = position === FIXED_HEADER_AT && position + length <= 512;
      const part = isFixedHeader ? random(2) * length : random(length);
      if (name === "writeSync") real(descriptor, bytes, offset, part, position);
      process.kill(process.pid, "SIGKILL");
      for (;;);
    };
  }
}
if (fileCalls !== "0") dieAfter(Number(fileCalls));

/**
 * How many entries of how many characters: alone, a few, over pages, and so many that the system writes in
 * pieces.
 */
function batch() {
  const kind = random(20);
  const [count, length] = kind < 11 ? [1, 600] : kind < 15 ? [3, 600] : kind < 19 ? [4, 5_000] : [12, 60_000];
  return Array.from({ length: count }, () => [uuid(), random(length)]);
}

function nextCall(at) {
  const ids = [...counts.keys()];
  const id = ids[random(ids.length)];
  const kind = random(20);
  if (id === undefined || (ids.length < 4 && kind === 0))
    return { call: "create", id: uuid(), at, entries: random(2) === 0 ? [] : batch() };
  if (kind === 1 && ids.length > 2) return { call: "delete", id, at };
  if (kind === 2) return { call: "truncate", id, at, keep: random(counts.get(id) + 1) };
  if (kind < 5) return { call: "update", id, at, name: `name ${at}`, key: `k${random(3)}`, value: at };
  if (kind < 8) return { call: "replaceTail", id, at, keep: random(counts.get(id) + 1), entries: batch() };
  return { call: "append", id, at, entries: batch() };
}

function toEntries(given, timestamp) {
  return given.map(([id, length]) => ({
    id,
    timestamp,
    entryType: { type: "user_message" },
    content: { text: "x".repeat(length) },
  }));
}

async function make({ call, id, at, ...rest }) {
  if (call === "create") {
    const metadata = {
      id,
      name: "new",
      sessionType: { type: "agent", agentName: "a" },
      createdAt: at,
      updatedAt: at,
    };
    await store.create({
      metadata: { ...metadata, status: "active", tags: [], parentSession: null },
      entries: toEntries(rest.entries, at),
      context: {},
    });
    counts.set(id, rest.entries.length);
  } else if (call === "delete") {
    await store.delete(id);
    counts.delete(id);
  } else if (call === "truncate") {
    await store.truncate(id, rest.keep, { at });
    counts.set(id, rest.keep);
  } else if (call === "update") {
    await store.update(id, { name: rest.name, setContext: { [rest.key]: rest.value } }, { at });
  } else if (call === "replaceTail") {
    const { version } = await store.head(id);
    const options = { at, keep: rest.keep, expectedVersion: version };
    counts.set(id, (await store.append(id, toEntries(rest.entries, at), options)).entryCount);
  } else {
    counts.set(id, (await store.append(id, toEntries(rest.entries, at), { at })).entryCount);
  }
}

const begin = Date.now() * 1000;
for (let i = 0; ; i++) {
  const call = nextCall(begin + i);
  writeSync(1, `${JSON.stringify(call)}\n`);
  await make(call);
  writeSync(1, "ok\n");
}
