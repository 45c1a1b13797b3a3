import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const root = join(folder, "../../..");

/** What the compiler says of each piece of TypeScript of a document, each piece a module of its own. */
function complaintsAbout(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8");
  const pieces = [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1] ?? "");
  expect(pieces.length).toBeGreaterThan(0);
  const files = new Map(pieces.map((piece, index) => [join(folder, `piece-${index}-of-a-document.ts`), piece]));
  const read = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
  const compilerOptions = { ...options, noUnusedLocals: false };
  const host = ts.createCompilerHost(compilerOptions);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const piece = files.get(path);
    return piece === undefined ? getSourceFile(path, language, ...rest) : ts.createSourceFile(path, piece, language);
  };
  const program = ts.createProgram([...files.keys()], compilerOptions, host);
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((complaint) =>
      ts.flattenDiagnosticMessageText(complaint.messageText, "\n"),
    );
  });
}

test.each([["packages/sdk/README.md"], ["docs/reference/sdk.md"], ["docs/guides/budgets-that-hold.md"]])(
  "every piece of TypeScript in %s compiles",
  (document) => {
    expect(complaintsAbout(document)).toEqual([]);
  },
);
