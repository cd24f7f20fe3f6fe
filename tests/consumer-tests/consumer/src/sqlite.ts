import { openSqliteStore } from "@thulp-sessions/store-sqlite";
import { story } from "./story.ts";

await story(await openSqliteStore({ file: "sessions.db" }));
