import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

/** The one test configuration; every package re-exports it. Tests run against the sources, no build needed. */
export default defineConfig({
  ssr: { resolve: { conditions: ["@thulp-sessions/source", ...defaultServerConditions] } },
  test: { include: ["test/**/*.test.ts"] },
});
