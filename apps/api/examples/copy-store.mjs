// Copies all sessions of one store into another, and says what became of them.
//   node apps/api/examples/copy-store.mjs fs:.thulp/sessions sqlite:.thulp/sessions.db [--allow-lossy]
import { openStore } from "@thulp-sessions/config";
import { copySessions } from "@thulp-sessions/core";

const [from, to] = process.argv.slice(2);
if (!from || !to) {
  console.error("usage: node apps/api/examples/copy-store.mjs <from> <to> [--allow-lossy]");
  process.exit(2);
}
const source = await openStore(from);
const target = await openStore(to);
const report = await copySessions(source, target, { allowLossy: process.argv.includes("--allow-lossy") });
console.log(`${report.copied} copied, ${report.equal} were there already`);
for (const id of report.conflicts) console.log(`left alone: ${id} is there with other contents`);
for (const { id, places } of report.inexact) {
  console.log(
    `left out: ${id} holds numbers that would be rounded, in ${places.join(", ")} (--allow-lossy rounds them)`,
  );
}
for (const { message } of report.refused) console.log(`left out, the target refuses it: ${message}`);
for (const { message } of report.unreadable) console.log(`left out: ${message}`);
await source.close();
await target.close();
