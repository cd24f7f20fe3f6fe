import { loadConfig, openStore } from "@thulp-sessions/config";
import { story } from "./story.ts";

const { store, durability } = loadConfig({ flags: { store: "fs:configured" }, env: {}, cwd: process.cwd() });
await story(await openStore(store, { durability }));
