import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const include = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"];

/** Files that take their database from the fixture run on each store. */
const onEachStore = globSync(include).filter((file) => readFileSync(file, "utf8").includes("/database-fixture.ts"));

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "sqlite", include, provide: { postgresUrl: undefined } } },
      {
        extends: true,
        test: { name: "postgres", include: onEachStore, globalSetup: ["test/start-postgres.ts"] },
      },
    ],
    pool: "forks",
    execArgv: ["--conditions=source"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
});
