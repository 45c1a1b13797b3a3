import type { ImportFormat } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";
import { claudeCode } from "./formats/claude-code.ts";
import { codex } from "./formats/codex.ts";
import { csv } from "./formats/csv.ts";
import { helicone } from "./formats/helicone.ts";
import { langfuse } from "./formats/langfuse.ts";
import { litellm, litellmCsv } from "./formats/litellm.ts";
import { otlpFiles } from "./formats/otlp-files.ts";
import { ownJson, ownLines } from "./formats/own-records.ts";
import { recordedResponses } from "./formats/recorded-responses.ts";
import { sseTranscripts } from "./formats/sse-transcripts.ts";
import type { ImportReader } from "./import-reader.ts";
import type { FileHead } from "./source/file-head.ts";

/** Every format that can be read. A new one is a file in `formats` and a line here. */
export const importReaders: { readonly [F in Exclude<ImportFormat, "auto">]: ImportReader } = {
  jsonl: ownLines,
  json: ownJson,
  csv,
  responses: recordedResponses,
  sse: sseTranscripts,
  "claude-code": claudeCode,
  codex,
  litellm,
  "litellm-csv": litellmCsv,
  langfuse,
  helicone,
  otlp: otlpFiles,
};

/** The reader of the named format, or the one that is surest of the file's head. Refuses with `IMPORT_001`. */
export function chooseReader(format: ImportFormat, head: FileHead, map: string | undefined): ImportReader {
  if (format !== "auto") return importReaders[format];
  let best: ImportReader | undefined;
  let confidence = 0;
  for (const reader of Object.values(importReaders)) {
    const own = reader.sniff(head, { map });
    if (own > confidence) [best, confidence] = [reader, own];
  }
  if (best !== undefined) return best;
  const problem = head.bytes.length === 0 ? "The file is empty" : "The format of the file was not recognised";
  throw new Refusal("IMPORT_001", `${problem}; name it with format (${Object.keys(importReaders).join(", ")}).`);
}
