import type { ImportedRecord, ImportReader, ReadItem } from "../import-reader.ts";
import { instantMs } from "../instants.ts";
import { countIn, fieldsOf, firstName, type JsonObject, objectIn } from "../json-fields.ts";
import { type JsonTaker, jsonReader } from "../json-reader.ts";
import { stableId } from "../record-identity.ts";
import { lastFolder } from "./claude-code.ts";

/** Copied history of a forked session carries the fork's own creation time, to the second. */
const replayWindowMs = 1_000;
const lineTypes: ReadonlySet<string> = new Set([
  "session_meta",
  "event_msg",
  "turn_context",
  "response_item",
  "compacted",
]);

/**
 * Sessions of the Codex CLI (`rollout-*.jsonl`, and the output of `codex exec --json`). `token_count` events carry the
 * session's totals so far and repeat them at will: what a call used is the difference to the totals before it. A forked
 * session begins with its parent's history, which belongs to the parent: events have the identity (first session of the
 * chain, totals), and the copied ones are skipped where their times give them away.
 */
export const codex: ImportReader = jsonReader({
  format: "codex",
  listKeys: [],
  sniff: (head) => {
    const known = head.objects.some(
      (line) =>
        (typeof line["type"] === "string" && lineTypes.has(line["type"]) && objectIn(line["payload"]) !== undefined) ||
        (line["type"] === "thread.started" && typeof line["thread_id"] === "string"),
    );
    return known ? 96 : 0;
  },
  open: () => new RolloutTaker(),
});

const countNames = [
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "reasoning_output_tokens",
  "total_tokens",
] as const;
type Counts = { readonly [N in (typeof countNames)[number]]: number };

class RolloutTaker implements JsonTaker {
  #session: string | undefined;
  #root: string | undefined;
  #isFork = false;
  #replayUntilMs: number | undefined;
  #model: string | undefined;
  #provider: string | undefined;
  #version: string | undefined;
  #project: string | undefined;
  #totals: Counts | undefined;
  #turns = 0;

  take(entry: JsonObject, line: number): readonly ReadItem[] {
    const payload = objectIn(entry["payload"]);
    switch (entry["type"]) {
      case "session_meta":
        this.#startSession(payload ?? {}, entry["timestamp"]);
        return [{ line, skipped: "session description" }];
      case "turn_context":
        this.#model = modelIn(payload) ?? this.#model;
        this.#project = lastFolder(payload?.["cwd"]) ?? this.#project;
        return [{ line, skipped: "turn description" }];
      case "event_msg":
        if (payload?.["type"] !== "token_count") return [{ line, skipped: "not a token count" }];
        return [this.#takeCount(payload, line, instantMs(entry["timestamp"]))];
      case "thread.started":
        this.#session = firstName(entry, "thread_id");
        return [{ line, skipped: "session description" }];
      case "turn.completed":
        return [this.#takeTurn(entry, line)];
      default:
        // The first line of sessions from before September 2025 describes the session without a type.
        if (this.#session === undefined && typeof entry["id"] === "string" && entry["type"] === undefined) {
          this.#startSession(entry, entry["timestamp"]);
        }
        return [{ line, skipped: "not a token count" }];
    }
  }

  #startSession(meta: JsonObject, timestamp: unknown): void {
    const id = firstName(meta, "id", "session_id");
    const forkedFrom = firstName(meta, "forked_from_id");
    if (this.#session === undefined) {
      this.#session = id;
      this.#provider = firstName(meta, "model_provider");
      this.#version = firstName(meta, "cli_version");
      this.#project = lastFolder(meta["cwd"]);
      this.#model = modelIn(meta);
      const startedAtMs = instantMs(timestamp) ?? instantMs(meta["timestamp"]);
      this.#replayUntilMs = startedAtMs === undefined ? undefined : startedAtMs + replayWindowMs;
    }
    // A fork embeds the descriptions of the sessions that it comes from, the oldest last.
    this.#isFork ||= forkedFrom !== undefined || (id !== undefined && id !== this.#session);
    this.#root = forkedFrom ?? id ?? this.#root;
  }

  #takeCount(payload: JsonObject, line: number, occurredAtMs: number | undefined): ReadItem {
    const info = objectIn(payload["info"]);
    const model = modelIn(info) ?? modelIn(payload);
    if (model !== undefined) this.#model = model;
    const totals = countsIn(info?.["total_token_usage"]);
    // Before `info`, the event held one call's counts itself.
    const last = countsIn(info?.["last_token_usage"]) ?? (info === undefined ? countsIn(payload) : undefined);
    if (totals === undefined) return this.#takeLone(last, line, occurredAtMs);
    const before = this.#totals;
    this.#totals = totals;
    if (before !== undefined && countNames.every((name) => totals[name] === before[name])) {
      return { line, skipped: "repeats the totals before it" };
    }
    if (this.#isReplay(occurredAtMs)) return { line, skipped: "copied from the session that this one was forked from" };
    // Totals that begin above the first call were inherited; totals that shrink began anew.
    const used = before === undefined ? (last ?? totals) : (difference(totals, before) ?? last ?? totals);
    if (isNothing(used)) return { line, skipped: "nothing was used" };
    const root = this.#root ?? this.#session;
    const identity = JSON.stringify(["codex", root, ...countNames.map((name) => totals[name])]);
    return {
      line,
      record: this.#record(used, occurredAtMs, root === undefined ? undefined : stableId(identity, timeIn(root))),
    };
  }

  #takeLone(last: Counts | undefined, line: number, occurredAtMs: number | undefined): ReadItem {
    if (last === undefined || isNothing(last)) return { line, skipped: "a token count without counts" };
    if (this.#isReplay(occurredAtMs)) return { line, skipped: "copied from the session that this one was forked from" };
    const identity = JSON.stringify(["codex", this.#session, occurredAtMs, ...countNames.map((name) => last[name])]);
    const known = this.#session !== undefined && occurredAtMs !== undefined;
    return { line, record: this.#record(last, occurredAtMs, known ? stableId(identity, occurredAtMs) : undefined) };
  }

  #takeTurn(entry: JsonObject, line: number): ReadItem {
    const used = countsIn(entry["usage"]);
    if (used === undefined || isNothing(used)) return { line, skipped: "a turn without usage" };
    this.#turns++;
    const identity = JSON.stringify(["codex-exec", this.#session, this.#turns]);
    return { line, record: this.#record(used, undefined, this.#session && stableId(identity, timeIn(this.#session))) };
  }

  #isReplay(occurredAtMs: number | undefined): boolean {
    if (!this.#isFork || this.#replayUntilMs === undefined || occurredAtMs === undefined) return false;
    return occurredAtMs <= this.#replayUntilMs;
  }

  #record(used: Counts, occurredAtMs: number | undefined, id: string | undefined): ImportedRecord {
    return fieldsOf<ImportedRecord>({
      id,
      provider: this.#provider ?? "openai",
      model: this.#model,
      project_id: this.#project,
      input_tokens: used.input_tokens,
      cached_tokens: Math.min(used.cached_input_tokens, used.input_tokens),
      output_tokens: used.output_tokens,
      reasoning_tokens: Math.min(used.reasoning_output_tokens, used.output_tokens),
      occurred_at: occurredAtMs,
      tags: { agent: "codex", ...(this.#session === undefined ? {} : { session: this.#session }) },
      metadata: this.#version === undefined ? undefined : { agent_version: this.#version },
    });
  }
}

function modelIn(object: JsonObject | undefined): string | undefined {
  if (object === undefined) return undefined;
  return firstName(object, "model", "model_name") ?? modelIn(objectIn(object["info"]));
}

function countsIn(value: unknown): Counts | undefined {
  const object = objectIn(value);
  if (object === undefined || countIn(object["input_tokens"]) === undefined) return undefined;
  return Object.fromEntries(countNames.map((name) => [name, countIn(object[name]) ?? 0])) as unknown as Counts;
}

function difference(totals: Counts, before: Counts): Counts | undefined {
  const entries = countNames.map((name): [string, number] => [name, totals[name] - before[name]]);
  if (entries.some(([, count]) => count < 0)) return undefined;
  return Object.fromEntries(entries) as unknown as Counts;
}

const isNothing = (counts: Counts): boolean => counts.input_tokens === 0 && counts.output_tokens === 0;

/** The time in a UUIDv7, as sessions have them; it keeps the ids of a session's records together in an index. */
function timeIn(id: string): number | undefined {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7/i.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : undefined;
}
