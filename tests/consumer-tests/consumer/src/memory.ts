import { MemoryStore } from "@thulp-sessions/core/memory";
import { story } from "./story.ts";

await story(new MemoryStore());
