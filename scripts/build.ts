/**
 * Compiles packages to `dist`, with the packages that they depend on first: `node scripts/build.ts [name…]`, all if none
 * is named. What is published is JavaScript and declarations; tests, fixtures and the sources stay here. A package whose
 * `dist` was made of the same sources is left as it is, since each pack asks for all that its package depends on.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard } from "./build-dashboard.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const scope = "@llm-cost-ops/";
const testOnly = [/\.test\.ts$/, /\.contract\.ts$/, /-fixture\.ts$/, /(^|\/)fixtures(\/|$)/, /\.snapshot\.\w+$/];

/** Packages of this repository that a package names as its dependencies. */
function dependenciesOf(name: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith(scope))
    .map((dependency) => dependency.slice(scope.length));
}

/** The package and, before it, everything of this repository that it depends on. */
function withDependencies(name: string, found: string[] = []): string[] {
  for (const dependency of dependenciesOf(name)) withDependencies(dependency, found);
  if (!found.includes(name)) found.push(name);
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}

const publishedOf = (name: string): string[] =>
  filesBelow(join(root, "packages", name, "src")).filter((path) => !testOnly.some((pattern) => pattern.test(path)));

/** Of everything that a package's `dist` is made of. */
function digestOf(name: string): string {
  const hash = createHash("sha256");
  for (const dependency of dependenciesOf(name)) hash.update(digestOf(dependency));
  const settings = ["scripts/build.ts", "tsconfig.json", "package-lock.json"].filter((path) =>
    existsSync(join(root, path)),
  );
  const sources = publishedOf(name).map((path) => join("packages", name, "src", path));
  for (const path of [...settings, ...sources.sort()])
    hash.update(`\n${path}\n`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

/** Whether there was anything to build. */
function build(name: string): boolean {
  const source = join(root, "packages", name, "src");
  const output = join(root, "packages", name, "dist");
  const stamp = join(root, "packages", name, ".dist-made-of");
  const digest = digestOf(name);
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return false;
  const published = publishedOf(name);
  rmSync(stamp, { force: true });
  rmSync(output, { recursive: true, force: true });
  compile(
    source,
    output,
    published.filter((path) => path.endsWith(".ts")),
  );
  for (const asset of published.filter((path) => !path.endsWith(".ts")))
    cpSync(join(source, asset), join(output, asset));
  writeFileSync(stamp, digest);
  return true;
}

function compile(source: string, output: string, files: readonly string[]): void {
  const scratch = mkdtempSync(join(tmpdir(), "cost-ops-build-"));
  const config = join(scratch, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    noEmitOnError: true,
    declaration: true,
    rootDir: source,
    outDir: output,
    // Other packages are seen as their users see them: through what was built.
    customConditions: [],
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions,
      include: [],
      files: files.map((path) => join(source, path)),
    }),
  );
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [compiler, "-p", config], { cwd: root, stdio: ["ignore", 2, 2] });
  rmSync(scratch, { recursive: true, force: true });
  if (result.status !== 0) throw new Error(`${relative(root, source)} does not compile`);
}

// The dashboard is no package of its own: it is built into the server's, and published with that.
const available = readdirSync(join(root, "packages")).filter(
  (name) => name !== "dashboard" && existsSync(join(root, "packages", name, "src")),
);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !available.includes(name));
if (unknown.length > 0)
  throw new Error(`no package is called ${unknown.join(", ")}; there are ${available.join(", ")}`);
const order: string[] = [];
for (const name of asked.length > 0 ? asked : available) withDependencies(name, order);
for (const name of order) {
  if (name === "server") buildDashboard();
  process.stderr.write(`packages/${name}/dist ${build(name) ? "built" : "is up to date"}
`);
}
