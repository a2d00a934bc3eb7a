/** Tests of the page (DOM) say `@vitest-environment jsdom` in their first line; the rest runs in plain Node. */
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/**/*.test.ts"], environment: "node" } });
