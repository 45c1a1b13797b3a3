import { readProviderResponse } from "@llm-cost-ops/core";
import type { ImportedRecord, ImportReader, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import { countIn, firstName, isFilled, type JsonObject, nameIn, objectIn } from "../json-fields.ts";
import { excerpt, type JsonTaker, jsonReader } from "../json-reader.ts";
import { providerRecord } from "../provider-record.ts";

/** Messages that are held back for their later lines. The lines of one message stand close together. */
const heldMessagesMax = 2_000;

/**
 * Session files of Claude Code. A message stands in a session once for each of its content blocks, with output counts
 * that grow while it streams: the line with the most output counts, with the time of the first. The message id is the
 * record's id, so copies in resumed sessions count once.
 */
export const claudeCode: ImportReader = jsonReader({
  format: "claude-code",
  listKeys: [],
  sniff: (head) => {
    const lines = head.objects.filter(isFilledSession);
    return lines.length > 0 ? 96 : 0;
  },
  open: () => new SessionTaker(),
});

const isFilledSession = (line: JsonObject): boolean =>
  isFilled(line["sessionId"]) &&
  typeof line["type"] === "string" &&
  (isFilled(line["uuid"]) || isFilled(line["message"]));

interface HeldMessage {
  readonly line: number;
  readonly output: number;
  readonly record: ImportedRecord;
}

class SessionTaker implements JsonTaker {
  readonly #held = new Map<string, HeldMessage>();

  take(entry: JsonObject, line: number, bytes: Buffer): readonly ReadItem[] {
    const message = objectIn(entry["message"]);
    if (entry["type"] !== "assistant" || message === undefined) return [{ line, skipped: "not an answer of a model" }];
    if (entry["isApiErrorMessage"] === true || message["model"] === "<synthetic>") {
      return [{ line, skipped: "written by the tool itself, not by a model" }];
    }
    const response = readProviderResponse(message, { flavor: "anthropic_messages" });
    if (response === undefined) {
      if (!isFilled(message["usage"])) return [{ line, skipped: "without usage" }];
      return [{ line, rejected: "the usage of this message cannot be read", field: "usage", content: excerpt(bytes) }];
    }
    const requestId = nameIn(entry["requestId"]);
    const record: ImportedRecord = providerRecord(response, {
      id: nameIn(message["id"]) ?? requestId ?? nameIn(entry["uuid"]),
      occurredAtMs: instantMs(entry["timestamp"]),
      project_id: lastFolder(entry["cwd"]),
      tags: sessionTags(nameIn(entry["sessionId"])),
      metadata: {
        agent_version: firstName(entry, "version"),
        git_branch: firstName(entry, "gitBranch"),
        request_id: requestId,
        ...(entry["isSidechain"] === true ? { sidechain: true } : {}),
      },
    });
    if (record.id === undefined) return [{ line, record }];
    return this.#hold(record.id, { line, output: countIn(objectIn(message["usage"])?.["output_tokens"]) ?? 0, record });
  }

  end(): readonly ReadItem[] {
    return [...this.#held.values()].map(({ line, record }) => ({ line, record }));
  }

  #hold(id: string, message: HeldMessage): readonly ReadItem[] {
    const before = this.#held.get(id);
    if (before !== undefined) {
      const occurred_at = before.record.occurred_at ?? message.record.occurred_at;
      const kept = message.output >= before.output ? message : before;
      const record = occurred_at === undefined ? kept.record : { ...kept.record, occurred_at };
      this.#held.set(id, { ...kept, line: before.line, record });
      return [{ line: message.line, skipped: "another line of the same message" }];
    }
    this.#held.set(id, message);
    if (this.#held.size <= heldMessagesMax) return [];
    const [oldest] = this.#held;
    if (oldest === undefined) return [];
    this.#held.delete(oldest[0]);
    return [{ line: oldest[1].line, record: oldest[1].record }];
  }
}

const sessionTags = (session: string | undefined): Record<string, string> => ({
  agent: "claude-code",
  ...(session === undefined ? {} : { session }),
});

/** The last folder of a path of any system: the rest of it may name a person. */
export function lastFolder(path: unknown): string | undefined {
  if (typeof path !== "string") return undefined;
  return nameIn(
    path
      .split(/[/\\]/)
      .filter((part) => part !== "")
      .at(-1),
  );
}
