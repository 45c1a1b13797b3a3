import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { defineConfig } from "vitest/config";

const include = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"];

const mentions = (file: string, names: readonly string[]): boolean => {
  const text = readFileSync(file, "utf8");
  return names.some((name) => text.includes(`/${name}"`));
};
const databaseFixture = "database-fixture.ts";
const fixturesOnIt = globSync("packages/*/{src,test}/**/*-fixture.ts").filter((file) =>
  mentions(file, [databaseFixture]),
);

/** Files that take their database from the fixture, or from a fixture that does, run on each store. */
const onEachStore = globSync(include).filter((file) =>
  mentions(file, [databaseFixture, ...fixturesOnIt.map((fixture) => basename(fixture))]),
);

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
