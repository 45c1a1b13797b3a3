import { createHash } from "node:crypto";
import { buildOpenApi, operations } from "@llm-cost-ops/contract";
import { expect, test } from "vitest";
import { docsPage, docsPolicy } from "./docs-page.ts";

const document = buildOpenApi({ version: "1.2.3" });
const page = docsPage(document);

test("every operation and every schema has its place, and every link leads somewhere", () => {
  for (const id of Object.keys(operations)) expect(page).toContain(`<article id="${id}">`);
  for (const name of Object.keys(document.components.schemas)) expect(page).toContain(`id="schema-${name}"`);
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
  expect(links.filter((link) => !ids.has(link))).toEqual([]);
});

test("each operation names all its parameters but the plain parts of its address, and each schema all its fields", () => {
  const articles = new Map(
    [...page.matchAll(/<article id="([^"]+)">([\s\S]*?)<\/article>/g)].map((match) => [match[1], match[2] ?? ""]),
  );
  const missing = (id: string, names: readonly string[]) =>
    names
      .filter((name) => !new RegExp(`[ >]${name.replaceAll(".", "\\.")}[,<\\s]`).test(articles.get(id) ?? ""))
      .map((name) => `${id}: ${name}`);
  for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    const parameters = (operation.parameters ?? []).map((parameter) =>
      "$ref" in parameter ? document.components.parameters[parameter.$ref.split("/").at(-1) ?? ""] : parameter,
    );
    const inTable = parameters.flatMap((parameter) =>
      parameter === undefined || parameter.in === "path" ? [] : [parameter.name],
    );
    expect(missing(operation.operationId, inTable)).toEqual([]);
  }
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    expect(missing(`schema-${name}`, Object.keys((schema["properties"] ?? {}) as object))).toEqual([]);
  }
});

test("refusals that nearly all operations have go by one name, with those that one of them lacks", () => {
  const refusals = (id: string) =>
    new RegExp(`<article id="${id}">[\\s\\S]*?<p>Refusals: (.*?)</article>`).exec(page)?.[1] ?? "";
  expect(refusals("usage.get")).toBe(
    '<a href="#error-NOT_FOUND">404 NOT_FOUND</a> <a href="#usual">the usual ones</a> ',
  );
  expect(refusals("catalogue.versions")).toBe('<a href="#usual">the usual ones</a> without VALIDATION_ERROR ');
});

test("nothing is loaded and nothing runs; the style sheet is the one that the policy allows", () => {
  expect(page).not.toMatch(/<script|<link|<img|<iframe|javascript:| on[a-z]+=|url\(|@import/i);
  expect([...page.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map((match) => match[1])).toEqual(["/openapi.json"]);
  const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? "";
  expect(docsPolicy).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(docsPolicy).toMatch(/^default-src 'none'/);
});

test("what the document says is shown as text, whatever it says", () => {
  const hostile = {
    ...document,
    info: { ...document.info, title: '<img src=x onerror="alert(1)">', description: "</style><b>&" },
  };
  const drawn = docsPage(hostile);
  expect(drawn).not.toContain("<img");
  expect(drawn).toContain("&lt;/style&gt;&lt;b&gt;&amp;");
});

test("what stands between backticks is drawn as code, and nothing else of it is markup", () => {
  expect(page).toContain("<code>INVALID_REQUEST</code>: ");
  const marked = { ...document, info: { ...document.info, description: "see `<b>` and ` alone" } };
  expect(docsPage(marked)).toContain("see <code>&lt;b&gt;</code> and ` alone");
});

test("the page stays small", () => {
  expect(page.length).toBeLessThan(250_000);
});
