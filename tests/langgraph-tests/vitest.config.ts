import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

// LangGraph's suite takes `describe`, `it` and `expect` as globals.
export default mergeConfig(shared, { test: { globals: true } });
