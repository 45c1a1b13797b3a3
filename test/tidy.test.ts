/** The mechanical half of the house rules (CONTRIBUTING.md), run over every tracked and untracked source file. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { testsOfValues } from "./tests-of-values.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const sources = files.filter((path) => /\.(ts|tsx|mts|mjs)$/.test(path) && !path.endsWith(".d.ts"));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const isTest = (path: string): boolean =>
  /(\.(test|contract)|-fixture)\.ts$/.test(path) || /^(packages\/\w+\/)?test\//.test(path);

/** `file:line` of every line of the given files that matches. */
function places(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s+"([^"]+)"/g;
const importsOf = (path: string): string[] =>
  [...read(path).matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");

/** The store whose adapter a file is. */
const storeOf = (path: string): string | undefined => /\.(sqlite|postgres)\.ts$/.exec(path)?.[1];

/** What each package may import besides its own files and, in tests, the test tools. */
const allowedImports: Readonly<Record<string, (name: string) => boolean>> = {
  core: () => false,
  contract: (name) => name === "zod",
  sdk: (name) => name === "@llm-cost-ops/contract" || name === "@llm-cost-ops/contract/limits",
  dashboard: (name) =>
    /^@llm-cost-ops\/(sdk|contract(\/.*)?)$/.test(name) ||
    /^(react|react-dom\/client|wouter|get-nonce|uqr|@mantine\/(core|hooks)(\/styles\.css)?|@tanstack\/react-(query|virtual)|echarts\/(core|charts|components|renderers))$/.test(
      name,
    ),
  server: (name) => name !== "@llm-cost-ops/sdk" && name !== "@llm-cost-ops/cli",
  cli: () => true,
};

describe("imports follow the house", () => {
  for (const [name, allowed] of Object.entries(allowedImports)) {
    test(`packages/${name}`, () => {
      const wrong = sources
        .filter((path) => path.startsWith(`packages/${name}/src/`) && !isTest(path))
        .flatMap((path) =>
          importsOf(path)
            .filter((target) => (target.startsWith(".") ? leavesPackage(path, target, name) : !allowed(target)))
            .map((target) => `${path} imports ${target}`),
        );
      expect(wrong).toEqual([]);
    });
  }

  test("adapters are imported by the composition root, the store's threads, adapters of the same store, their own folder and tests only", () => {
    const wrong = sources
      .filter((path) => path.startsWith("packages/server/src/") && !isTest(path))
      .filter((path) => !/\/(compose|registry|open-postgres)\.ts$/.test(path) && !path.includes("/sqlite/"))
      .flatMap((path) =>
        importsOf(path)
          .filter((target) => storeOf(target) !== undefined && target.startsWith("../"))
          .filter((target) => storeOf(target) !== storeOf(path))
          .map((target) => `${path} imports ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  test("a page of the dashboard imports none, but those that it shows a part of", () => {
    /** Each may import those behind it. What several pages need stands beside the pages. */
    const order = ["overview", "budgets", "alerts", "explore", "first-run"];
    const pageOf = (path: string): string => /^packages\/dashboard\/src\/pages\/([^/]+)\//.exec(path)?.[1] ?? "";
    const wrong = sources.flatMap((path) => {
      const page = pageOf(path);
      const pages = importsOf(path)
        .map((target) => pageOf(join(dirname(path), target)))
        .filter((other) => page !== "" && other !== "" && other !== page);
      const isBehind = (other: string): boolean => order.includes(page) && order.indexOf(other) > order.indexOf(page);
      return pages.filter((other) => !isBehind(other)).map((other) => `${path} imports ${other}`);
    });
    expect(wrong).toEqual([]);
  });
});

function leavesPackage(path: string, target: string, name: string): boolean {
  return !join(dirname(path), target).startsWith(`packages/${name}/`);
}

describe("names say what is inside", () => {
  test("no folder or file is called by a word that says nothing", () => {
    const banned = /^(utils?|helpers?|common|shared|lib|libs|misc|services?|managers?|types)(\.ts)?$/;
    const wrong = sources.filter((path) =>
      [...dirname(path).split("/"), basename(path)].some((part) => banned.test(part)),
    );
    expect(wrong).toEqual([]);
  });
});

describe("the code keeps its promises to the reader", () => {
  const own = sources.filter((path) => path !== "test/tidy.test.ts");

  test("no any and no silenced type error", () => {
    const code = (line: string): boolean => !/^\s*(\*|\/[/*])/.test(line);
    const found = places(own, /:\s*any\b|\bas any\b|<any>|\bany\[\]/).filter((place) =>
      code(place.replace(/^[^:]+:\d+: /, "")),
    );
    expect([...found, ...places(own, /@ts-(ignore|nocheck|expect-error)/)]).toEqual([]);
  });

  test("no test is left out", () => {
    expect(places(own, /\b(it|test|describe)\.(skip|only|todo|skipIf|runIf)\b/)).toEqual([]);
  });

  test("a test that shares its process with others changes nothing of it and opens nothing", () => {
    const sharing = own.filter((path) => testsOfValues.test(path));
    expect(sharing.length).toBeGreaterThan(40);
    const lasting =
      /"node:(?!(fs|path|url)")|\bvi\.(mock|doMock|spyOn|stubEnv|useFakeTimers|setSystemTime|setConfig)\b|\bprocess\.|^\s*globalThis(\.\w+|\[[^\]]*\])+ = |\.prototype\b/;
    expect(places(sharing, lasting)).toEqual([]);
    const stubbing = sharing.filter((path) => read(path).includes("vi.stubGlobal("));
    expect(stubbing.filter((path) => !/afterEach\(.*vi\.unstubAllGlobals\(\)/.test(read(path)))).toEqual([]);
  });

  test("nothing is unfinished", () => {
    expect(places(own, /\b(TODO|FIXME|XXX|HACK)\b|not implemented|for now\b/i)).toEqual([]);
  });

  test("the environment is read in the configuration only", () => {
    const readers =
      /^(packages\/server\/src\/config\.ts|packages\/sdk\/src\/environment\.ts|packages\/cli\/(src\/environment\.ts|bin\/)|scripts\/|test\/)/;
    const wrong = own.filter((path) => !readers.test(path) && !isTest(path));
    expect(places(wrong, /process\.env/)).toEqual([]);
  });

  test("what the dashboard loads later comes by shell/lazily, which waits for a server that is away", () => {
    const pages = own.filter((path) => path.startsWith("packages/dashboard/src/"));
    expect(places(pages, /\blazy\b(?=[^"]*\bfrom "react")|^\s*lazy,$|\b(React\.)?lazy\(/)).toEqual([]);
  });

  test("the core has no clock, randomness or I/O", () => {
    const core = own.filter((path) => path.startsWith("packages/core/src/") && !isTest(path));
    expect(places(core, /Date\.now\(|new Date\(\)|Math\.random|process\.|console\.|fetch\(/)).toEqual([]);
  });

  test("files stay readable in one sitting", () => {
    /** A longer file needs a reason here. */
    const exceptions: Readonly<Record<string, string>> = {
      "packages/contract/src/operations.ts": "one table of all operations, read top to bottom",
    };
    const wrong = own
      .filter((path) => !(path in exceptions))
      .map((path) => [path, read(path).split("\n").length] as const)
      // A test is read case by case, so it may be longer.
      .filter(([path, lines]) => lines > (isTest(path) ? 600 : 450))
      .map(([path, lines]) => `${path} has ${lines} lines`);
    expect(wrong).toEqual([]);
  });
});

describe("nothing of a machine or a person is committed", () => {
  const texts = files.filter(
    (path) =>
      /\.(ts|mjs|md|json|ya?ml|toml|html|css|csv|jsonl|sse|sh)$|\/run$/.test(path) && path !== "test/tidy.test.ts",
  );

  test("no absolute path of a machine", () => {
    expect(places(texts, /(?<![\w.])\/(work|root|home\/[a-z]+)\//)).toEqual([]);
  });

  test("no registry host", () => {
    expect(places(texts, /registry\.(npmjs|yarnpkg)\.|pypi\.org|crates\.io|proxy\.golang/)).toEqual([]);
  });

  test("pinned versions only", () => {
    const wrong = files
      .filter((path) => /(^|\/)package\.json$/.test(path))
      .flatMap((path) => {
        const manifest = JSON.parse(read(path)) as Record<string, Record<string, string> | undefined>;
        return Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"] })
          .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
          .map(([name, version]) => `${path}: ${name}@${version}`);
      });
    expect(wrong).toEqual([]);
  });
});
