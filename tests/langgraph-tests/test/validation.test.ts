// LangGraph's own suite for checkpointers, from its npm package, over every store.
import { deltaChannelHistoryTests, specTest } from "@langchain/langgraph-checkpoint-validation";
import { ThulpSaver } from "@thulp-sessions/langgraph";
import { LOCAL_KINDS, postgresKind, type StoreKind, type StorePlace } from "@thulp-sessions/testing-stores";
import { describe } from "vitest";

for (const kind of [...LOCAL_KINDS, await postgresKind()]) {
  if (kind.missing !== null) describe.skip(`${kind.name}: ${kind.missing}`, () => {});
  else {
    specTest(suiteOf(kind));
    deltaChannelHistoryTests(suiteOf(kind));
  }
}

function suiteOf(kind: StoreKind) {
  const places = new Map<ThulpSaver, StorePlace>();
  return {
    checkpointerName: `ThulpSaver over ${kind.name}`,
    createCheckpointer: async () => {
      const place = await kind.place();
      const saver = new ThulpSaver(await place.open());
      places.set(saver, place);
      return saver;
    },
    destroyCheckpointer: async (saver: ThulpSaver) => {
      await places.get(saver)?.dispose();
    },
  };
}
