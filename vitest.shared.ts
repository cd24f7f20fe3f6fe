import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/**
 * The one test configuration; every package re-exports it. Tests run against the sources, no build needed.
 */
export default defineConfig({
  ssr: { resolve: { conditions: ["@thulp-sessions/source", ...defaultServerConditions] } },
  // Generous: a test that hangs has to end, a slow machine must not fail one.
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
