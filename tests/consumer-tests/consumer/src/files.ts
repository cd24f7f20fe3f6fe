import { openFileStore } from "@thulp-sessions/store-fs";
import { story } from "./story.ts";

await story(await openFileStore({ dir: "sessions" }));
