/**
 * Compiles packages to `dist`, with the packages that they depend on first: `node scripts/build.ts [name…]`, all if none
 * is named. What is published is JavaScript and declarations; tests, fixtures and the sources stay here.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDashboard } from "./build-dashboard.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const scope = "@llm-cost-ops/";
const testOnly = [/\.test\.ts$/, /\.contract\.ts$/, /-fixture\.ts$/, /(^|\/)fixtures(\/|$)/, /\.snapshot\.\w+$/];

/** The package and, before it, everything of this repository that it depends on. */
function withDependencies(name: string, found: string[] = []): string[] {
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith(scope)) withDependencies(dependency.slice(scope.length), found);
  }
  if (!found.includes(name)) found.push(name);
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}

function build(name: string): void {
  const source = join(root, "packages", name, "src");
  const output = join(root, "packages", name, "dist");
  const published = filesBelow(source).filter((path) => !testOnly.some((pattern) => pattern.test(path)));
  rmSync(output, { recursive: true, force: true });
  compile(
    source,
    output,
    published.filter((path) => path.endsWith(".ts")),
  );
  for (const asset of published.filter((path) => !path.endsWith(".ts")))
    cpSync(join(source, asset), join(output, asset));
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
  build(name);
  process.stderr.write(`built packages/${name}/dist\n`);
}
