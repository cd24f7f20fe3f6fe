import { mergeConfig } from "vitest/config";
import shared, { onDisk } from "../../vitest.shared.ts";

// Many tests wait for other processes, for the disk, for half a minute to go by: two files at once wait
// together.
export default mergeConfig(shared, { test: { ...onDisk, maxWorkers: 2 } });
