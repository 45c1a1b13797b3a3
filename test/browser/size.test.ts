import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../../packages/server/src/dashboard/built", import.meta.url));
const assets = readdirSync(join(built, "assets")).filter((name) => /\.(js|css)$/.test(name));
const sizeOf = (name: string): number => gzipSync(readFileSync(join(built, "assets", name))).length;
const read = (name: string): string => readFileSync(join(built, "assets", name), "utf8");

/** A file and everything that it imports without waiting for anybody to ask for it. */
function withImports(name: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(name) || !assets.includes(name)) return found;
  found.add(name);
  for (const [, target] of read(name).matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g))
    withImports(target ?? "", found);
  return found;
}

test("the first page comes in less than 250 KB gzipped, and charts come after it", () => {
  const page = readFileSync(join(built, "index.html"), "utf8");
  const named = [...page.matchAll(/\/assets\/([\w.-]+\.(?:js|css))/g)].map((match) => match[1] ?? "");
  const overview = assets.filter((name) => /^overview-page-.*\.(js|css)$/.test(name));
  expect(overview).not.toEqual([]);
  const first = new Set<string>();
  for (const name of [...named, ...overview]) for (const one of withImports(name)) first.add(one);
  for (const name of named.filter((name) => name.endsWith(".css"))) first.add(name);
  expect([...first].filter((name) => name.startsWith("chart-engine"))).toEqual([]);
  const total = [...first].reduce((sum, name) => sum + sizeOf(name), 0);
  expect(total).toBeGreaterThan(50_000);
  expect(total).toBeLessThan(250_000);
});

test("nothing in it names a validator that only the server needs, or the tools of development", () => {
  for (const name of assets) expect(read(name)).not.toMatch(/ZodError|React DevTools/);
});
