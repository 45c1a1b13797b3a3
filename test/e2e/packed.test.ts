/** The packages as their users get them: packed from a copy of this repository, installed into an empty folder, used. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDashboard } from "../../scripts/build-dashboard.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "cost-ops-packed-"));
const repository = join(scratch, "repository");
const user = join(scratch, "user");
const tarballs = new Map<string, string>();

/** A package is packed as soon as what its manifest calls its entry exists; the command line needs all of them. */
const names = ["core", "contract", "sdk", "server", "cli"].filter((name) =>
  existsSync(join(root, "packages", name, name === "cli" ? "src/main.ts" : "src/index.ts")),
);
const complete = names.length === 5;

/** How this machine reaches the registry. */
const reaching =
  /^(npm_config_(globalconfig|userconfig|cache|registry|cafile)|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(https?|no)_proxy)$/i;
// Nothing else of the runner's settings may reach the programs under test, the condition `source` least of all.
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => reaching.test(name))),
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  npm_config_loglevel: "error",
  npm_config_fetch_retries: "1",
};

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: 240_000,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
    env: environment,
  });
const npm = (args: readonly string[], cwd: string): string => run("npm", args, cwd);

/** Packing changes manifests for a moment; in a copy, so that nothing that runs beside this test sees it. */
function copyRepository(): void {
  buildDashboard();
  mkdirSync(join(repository, "node_modules/@llm-cost-ops"), { recursive: true });
  for (const file of ["package.json", "tsconfig.json", "LICENSE"]) cpSync(join(root, file), join(repository, file));
  cpSync(join(root, "scripts"), join(repository, "scripts"), { recursive: true });
  for (const name of ["core", "contract", "sdk", "server", "cli", "dashboard"]) {
    cpSync(join(root, "packages", name), join(repository, "packages", name), {
      recursive: true,
      filter: (path) => !/\/packages\/[a-z]+\/(dist|node_modules)$/.test(path),
    });
    symlinkSync(join(repository, "packages", name), join(repository, "node_modules/@llm-cost-ops", name));
  }
  // What was built of the dashboard stays newer than the folders that it was built of, which a copy makes anew.
  const now = new Date();
  utimesSync(join(repository, "packages/server/src/dashboard/built/index.html"), now, now);
  for (const entry of readdirSync(join(root, "node_modules"))) {
    if (entry !== "@llm-cost-ops")
      symlinkSync(join(root, "node_modules", entry), join(repository, "node_modules", entry));
  }
}

function pack(name: string): void {
  const packed = npm(["pack", "--json", "--pack-destination", scratch, "-w", `packages/${name}`], repository);
  const file = readdirSync(scratch).find((entry) => entry.startsWith(`llm-cost-ops-${name}-`));
  if (file === undefined) throw new Error(`npm packed no ${name}: ${packed.slice(0, 500)}`);
  tarballs.set(name, join(scratch, file));
}

beforeAll(() => {
  copyRepository();
  const wanted = complete ? names : ["contract", "sdk"];
  for (const name of wanted) pack(name);
  mkdirSync(user);
  writeFileSync(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  npm(
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--prefer-offline",
      ...wanted.map((name) => tarballs.get(name) ?? ""),
    ],
    user,
  );
}, 300_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const installed = (...path: string[]): string => join(user, "node_modules/@llm-cost-ops", ...path);
const filesOf = (name: string): string[] =>
  readdirSync(installed(name), { recursive: true, encoding: "utf8" }).filter(
    (path) => !path.startsWith("node_modules"),
  );

describe.each(complete ? names : ["contract", "sdk"])("the package %s", (name) => {
  test("has compiled code, declarations, licence and readme, and no source, test or fixture", () => {
    const files = filesOf(name);
    expect(files).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE"]));
    expect(files.filter((path) => /(?<!\.d)\.ts$|\.test\.|fixture|\.snapshot\./.test(path))).toEqual([]);
    const manifest = readFileSync(installed(name, "package.json"), "utf8");
    expect(manifest).not.toContain('"source"');
    expect(manifest).not.toContain("prepack");
  });

  test("satisfies publint", async () => {
    const { messages } = await publint({ pkgDir: installed(name), level: "warning", pack: false });
    expect(messages).toEqual([]);
  });

  test("has types that resolve as its code does, for ES modules and bundlers", async () => {
    const tarball = readFileSync(tarballs.get(name) ?? "");
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
    expect(analysis.types).not.toBe(false);
    // The packages are ES modules only; what older ways of resolving make of them is no concern.
    const modern = ["node16-esm", "bundler"];
    const problems = "problems" in analysis ? analysis.problems : [];
    expect(
      problems.filter((problem) => !("resolutionKind" in problem) || modern.includes(problem.resolutionKind)),
    ).toEqual([]);
  });
});

describe("the SDK in an empty folder", () => {
  const program = `
import { CostOpsClient, type CostRecord, NotFoundError, type UsageRecord } from "@llm-cost-ops/sdk";

const client = new CostOpsClient({ baseURL: process.argv[2], apiKey: "key", maxRetries: 0 });
const usage: UsageRecord = await client.usage.create({ provider: "openai", model: "gpt-4o", inputTokens: 10 });
const cost: number | null = usage.totalCost;
const costs: CostRecord[] = await client.costs.list({ startDate: new Date(0) });
const missing: unknown = await client.usage.get("missing").catch((error: unknown) => error);
console.log(JSON.stringify({ cost, exact: usage.totalCostExact, costs: costs.length, missing: missing instanceof NotFoundError }));
`;

  test("loads no validator and nothing of a platform", () => {
    const code = filesOf("sdk").filter((path) => path.endsWith(".js"));
    const outside = code.flatMap((path) =>
      [...readFileSync(installed("sdk", path), "utf8").matchAll(/from "([^."][^"]*)"/g)].map((match) => match[1]),
    );
    expect([...new Set(outside)]).toEqual(["@llm-cost-ops/contract/limits"]);
    expect(readFileSync(installed("contract", "dist/limits.js"), "utf8")).not.toMatch(/\bimport\b/);
  });

  test("is typed for a strict compiler in Node, in a browser and for a bundler", () => {
    writeFileSync(join(user, "program.ts"), program);
    writeFileSync(join(user, "browser.ts"), `declare const process: { argv: string[] };\n${program}`);
    const options = {
      target: "ES2022",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    };
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const check = (file: string, compilerOptions: object): void => {
      writeFileSync(
        join(user, "tsconfig.json"),
        JSON.stringify({ compilerOptions: { ...options, ...compilerOptions }, files: [file] }),
      );
      run(process.execPath, [compiler, "-p", "."], user);
    };
    const browser = { lib: ["ES2022", "DOM", "DOM.Iterable", "DOM.AsyncIterable"], types: [] };
    const node = { lib: ["ES2022"], types: ["node"], typeRoots: [join(root, "node_modules/@types")] };
    expect(() => check("program.ts", node)).not.toThrow();
    expect(() => check("browser.ts", browser)).not.toThrow();
    // The declarations themselves were checked above; a bundler only finds them in another way.
    const bundler = { module: "esnext", moduleResolution: "bundler", skipLibCheck: true };
    expect(() => check("browser.ts", { ...browser, ...bundler })).not.toThrow();
  }, 180_000);

  test("runs", async () => {
    const server = createServer((request, response) => {
      request.resume();
      const answers: Record<string, [number, unknown]> = {
        "POST /api/v1/usage": [201, { data: { id: "a", total_cost: "0.000025" }, warnings: [] }],
        "GET /api/v1/costs": [
          200,
          { data: [{ id: "a" }], pagination: { limit: 1, has_more: false, next_cursor: null } },
        ],
      };
      const [status, body] = answers[`${request.method} ${request.url?.split("?")[0]}`] ?? [
        404,
        { error: { code: "NOT_FOUND", message: "no" }, request_id: "r" },
      ];
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Node runs the very text that the compiler checked, its types stripped.
    writeFileSync(join(user, "run.ts"), program);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { execFile } = await import("node:child_process");
    execFile(process.execPath, ["run.ts", url], { cwd: user, timeout: 30_000, env: {} }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    expect(JSON.parse(await promise)).toEqual({ cost: 0.000025, exact: "0.000025", costs: 1, missing: true });
    server.close();
  });
});

describe.each(complete ? ["cost-ops"] : [])("the command %s in an empty folder", (command) => {
  test("says its version and starts the whole program", () => {
    const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")) as {
      version: string;
    };
    expect(run("npx", ["--no-install", command, "--version"], user).trim()).toBe(version);
    expect(run("npx", ["--no-install", command, "--help"], user)).toContain("import");
  });
});
