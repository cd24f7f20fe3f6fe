import { mergeConfig } from "vitest/config";
import shared, { onDisk } from "../../vitest.shared.ts";

export default mergeConfig(shared, { test: { ...onDisk, globalSetup: "./test/shared-folder.ts" } });
