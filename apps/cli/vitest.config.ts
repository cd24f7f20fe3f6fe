import { mergeConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

// Nearly every test waits for processes that it has started; and it is tested among the last, when no other
// package is left for the second half of the machine.
export default mergeConfig(shared, { test: { maxWorkers: 2 } });
