// Opens the folder of sessions that is named first, as the user that started it, and prints what it finds as
// JSON. Runs the built package. With a second argument it appends to that session.
import { openFileStore } from "../dist/index.js";

const [dir, id, readOnly] = process.argv.slice(2);
const warnings = [];
const store = await openFileStore({
  dir,
  readOnly: readOnly === "read-only",
  onWarning: ({ message }) => warnings.push(message),
});
const { items } = await store.list();
const found = {
  writable: store.capabilities.writable,
  names: items.map(({ name }) => name).sort(),
  entryCounts: await Promise.all(items.map(async (item) => (await store.head(item.id)).entryCount)),
  hits: (await store.search({ text: "needle" })).items.length,
  append: null,
};
if (id) {
  const entry = {
    id: crypto.randomUUID(),
    timestamp: 1,
    entryType: { type: "user_message" },
    content: "needle",
  };
  const call = store.append(id, [entry], { at: Date.now() });
  found.append = await call.then(
    () => "done",
    ({ code, message }) => `${code}: ${message}`,
  );
}
await store.close();
process.stdout.write(JSON.stringify({ ...found, warnings }));
