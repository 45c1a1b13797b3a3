import { globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { builtModuleBeside, folderVariable, moduleBeside } from "./test/built-threads.ts";
import { buildStoreThreads } from "./test/store-threads.ts";
import { testsOfValues } from "./test/tests-of-values.ts";

const include = ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "test/**/*.test.ts"];

const mentions = (file: string, names: readonly string[]): boolean => {
  const text = readFileSync(file, "utf8");
  return names.some((name) => text.includes(`/${name}"`));
};

/** The fixture that gives a database, and the fixtures that take theirs from it or from one another. */
function databaseFixtures(): readonly string[] {
  const names = ["database-fixture.ts"];
  const others = globSync("packages/*/{src,test}/**/*-fixture.ts");
  for (let known = 0; known < names.length; ) {
    known = names.length;
    for (const file of others) {
      if (!names.includes(basename(file)) && mentions(file, names)) names.push(basename(file));
    }
  }
  return names;
}
const fixtures = databaseFixtures();

/** Walks through the dashboard in a real browser. */
const inBrowser = "test/browser/**/*.test.ts";

/** Files that take their database from the fixture, or from a fixture that does, run on each store. */
const onEachStore = globSync(include).filter((file) => mentions(file, fixtures));

/** Files about PostgreSQL that share the one that is started for the tests on it run there alone. */
const onPostgresAlone = globSync(include).filter((file) => mentions(file, ["shared-postgres-fixture.ts"]));

const aboutValues = globSync(include).filter((file) => testsOfValues.test(file));

const threads = await buildStoreThreads();

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "values", include: aboutValues, isolate: false } },
      {
        extends: true,
        test: {
          name: "sqlite",
          include,
          exclude: [inBrowser, ...aboutValues, ...onPostgresAlone, ...configDefaults.exclude],
          provide: { postgresUrl: undefined, postgresTemplate: undefined },
        },
      },
      {
        extends: true,
        test: {
          name: "postgres",
          include: [...onEachStore, ...onPostgresAlone],
          globalSetup: ["test/start-postgres.ts"],
          // The server that they all ask takes what two leave of the processor; these begin after all the others.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: "browser", include: [inBrowser], globalSetup: ["test/browser/build-dashboard.ts"] },
      },
    ],
    pool: "forks",
    // One more than the two cores that this must be fast on: tests wait for browsers, disks and processes, and two leave a
    // quarter to a third of the processor idle.
    maxWorkers: 3,
    execArgv: ["--conditions=source"],
    // Threads and processes that tests start find their sources compiled. Without it each of them, thousands in a run, loads
    // the WebAssembly that takes types out, and V8 is known to die of making and freeing that again and again.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache"), [folderVariable]: threads },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
  resolve: {
    conditions: ["source"],
    // Servers within the runner start the threads that are built; which folder these lie in differs from run to run.
    alias: [{ find: moduleBeside, replacement: fileURLToPath(builtModuleBeside) }],
  },
  ssr: { resolve: { conditions: ["source"] } },
});
