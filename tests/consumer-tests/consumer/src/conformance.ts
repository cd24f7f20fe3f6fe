import { MemoryStore } from "@thulp-sessions/core/memory";
import { appRouter } from "@thulp-sessions/router";
import { conformanceCases } from "@thulp-sessions/store-conformance";

const own = { open: async () => new MemoryStore(), dispose: async () => {} };
const cases = conformanceCases.filter(({ id }) => id.startsWith("append-"));
for (const each of cases) await each.run(async () => own);
console.log(cases.length > 5, "sessions.create" in appRouter._def.procedures);
