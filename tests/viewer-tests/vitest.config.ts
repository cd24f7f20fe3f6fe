import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

export default mergeConfig(shared, {
  // Browsers of several files at a time would starve each other on two cores; the server's modules are loaded
  // once for all files.
  test: { expect: { poll: { timeout: 10_000, interval: 30 } }, fileParallelism: false, isolate: false },
});
