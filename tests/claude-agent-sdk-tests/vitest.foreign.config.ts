import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

/** Only for `npm run test:foreign`, which installs the SDK beside this tree. */
export default defineConfig({ ...shared, test: { ...shared.test, include: ["foreign/**/*.test.ts"] } });
