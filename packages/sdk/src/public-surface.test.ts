import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import * as sdk from "./index.ts";
import { version } from "./version.ts";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));
const root = join(packageRoot, "../..");

/** Every exported name with its kind and, where it has some, its members and their types. */
function publicSurface(): { readonly names: string[]; readonly text: string } {
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const entry = join(packageRoot, "src/index.ts");
  const program = ts.createProgram([entry], config.options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (source === undefined || module === undefined) throw new Error("the entry of the package has no exports");
  const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
  const show = (type: ts.Type): string =>
    checker.typeToString(type, source, flags).replaceAll(/import\("[^"]*"\)\./g, "");
  const membersOf = (type: ts.Type): string[] =>
    type
      .getProperties()
      .filter((member) => !/^(__|#)/.test(member.name))
      .map((member) => {
        const optional = (member.flags & ts.SymbolFlags.Optional) !== 0 ? "?" : "";
        return `  ${member.name}${optional}: ${show(checker.getTypeOfSymbolAtLocation(member, source))}`;
      })
      .toSorted();
  const blocks = checker.getExportsOfModule(module).map((exported) => {
    const symbol = (exported.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(exported) : exported;
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    if ((symbol.flags & ts.SymbolFlags.TypeAlias) !== 0)
      return { name: exported.name, lines: [`type ${exported.name} = ${show(type)}`] };
    const kind = (symbol.flags & ts.SymbolFlags.Class) !== 0 ? "class" : "interface";
    return { name: exported.name, lines: [`${kind} ${exported.name}`, ...membersOf(type)] };
  });
  const sorted = blocks.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return {
    names: sorted.map(({ name }) => name),
    text: `${sorted.map(({ lines }) => lines.join("\n")).join("\n\n")}\n`,
  };
}

const surface = publicSurface();

test("what programs may rely on is what a reviewer read and agreed to", async () => {
  await expect(surface.text).toMatchFileSnapshot("fixtures/public-surface.snapshot.txt");
});

test("only the client and its errors exist at run time", () => {
  expect(Object.keys(sdk).toSorted()).toEqual([
    "APIError",
    "AbortedError",
    "AuthenticationError",
    "BudgetExceededError",
    "ConflictError",
    "CostOpsClient",
    "CostOpsError",
    "NetworkError",
    "NotFoundError",
    "RateLimitError",
    "TimeoutError",
    "UnsettledError",
    "ValidationError",
  ]);
});

test("every export is on the reference page, and the page names none that is gone", () => {
  const page = readFileSync(join(root, "docs/reference/sdk.md"), "utf8");
  const named = new Set([...page.matchAll(/`([A-Za-z]+)`/g)].map((match) => match[1] ?? ""));
  expect(surface.names.filter((name) => !named.has(name))).toEqual([]);
  const methods = [...page.matchAll(/^\| `(?:client\.)?((?:\w+\.)+\w+)\(/gm)].map((match) => match[1] ?? "");
  const client = new sdk.CostOpsClient({ apiKey: "k", baseURL: "http://x.example" });
  const lacking = methods.filter(
    (path) =>
      typeof path.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], client) !==
      "function",
  );
  expect(lacking).toEqual([]);
  expect(methodsOf(client).filter((method) => !methods.includes(method))).toEqual([]);
});

/** `usage.create`, `pricing.aliases.list` …: every method of every resource. */
function methodsOf(resource: object, prefix = ""): string[] {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(resource))
    .filter((name) => name !== "constructor" && prefix !== "")
    .map((name) => `${prefix}${name}`);
  const nested = Object.entries(resource).flatMap(([name, value]) =>
    name === "export" ? [] : methodsOf(value as object, `${prefix}${name}.`),
  );
  return [...own, ...nested];
}

test("the version that is sent is the package's", () => {
  expect(JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"))).toMatchObject({ version });
});
