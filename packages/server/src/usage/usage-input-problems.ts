import { limits } from "@llm-cost-ops/contract/limits";
import { isTokenKind, isUsageKind, unitKinds } from "@llm-cost-ops/core";
import type { z } from "zod";
import { readEventInstant } from "./event-instant.ts";
import { readMoney } from "./money-input.ts";
import { LabelProblem, readJsonObject, readTags } from "./read-labels.ts";
import { RejectedRecord, rejectFields } from "./rejected-record.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Fields that mean the same; giving two of them with different values is a contradiction. */
const spellings: readonly (readonly string[])[] = [
  ["model", "model_id"],
  ["input_tokens", "prompt_tokens"],
  ["output_tokens", "completion_tokens"],
  ["cached_tokens", "cache_read_tokens"],
  ["total_tokens", "tokens_used"],
  ["occurred_at", "timestamp"],
  ["cost", "amount", "total_cost"],
];

/**
 * What is wrong with one record, or undefined where nothing is: first the schema's verdict, then what a schema cannot
 * say (spellings that disagree, dates, labels, unit kinds). Every field is named as the caller spelled it.
 */
export function usageInputProblems(value: unknown, schema: z.ZodObject): RejectedRecord | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return new RejectedRecord("USAGE_001", "a record must be a JSON object");
  }
  const record = value as Fields;
  const unknown = Object.keys(record).filter((key) => !Object.hasOwn(schema.shape, key));
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const key of unknown.slice(0, 20)) fields[clip(key)] = "is not a field of this record";
  const known = Object.fromEntries(Object.entries(record).filter(([key]) => Object.hasOwn(schema.shape, key)));
  for (const issue of schema.safeParse(known).error?.issues ?? []) {
    const path = issue.path.map(String).join(".");
    fields[clip(path)] ??= issue.message;
  }
  addFormProblems(record, fields);
  if (Object.keys(fields).length > 0) {
    // A record with nothing else wrong is refused for it where it is measured; beside other faults it is named with them.
    const isUsage = Object.hasOwn(schema.shape, "usage_format");
    if (isUsage && record["model"] === undefined && record["model_id"] === undefined) fields["model"] = "is required";
    return rejectFields("VALIDATION_ERROR", fields);
  }
  return disagreement(record);
}

/** Names in messages are cut short: they come from outside. */
const clip = (name: string): string => (name.length > 80 ? `${name.slice(0, 80)}…` : name);

function addFormProblems(record: Fields, fields: Record<string, string>): void {
  const add = (field: string, problem: string | LabelProblem | undefined): void => {
    if (problem instanceof LabelProblem) fields[field] ??= problem.text;
    else if (problem !== undefined) fields[field] ??= problem;
  };
  for (const field of ["occurred_at", "timestamp"]) {
    if (record[field] !== undefined && readEventInstant(record[field]) === undefined) {
      add(field, "must be an existing date from 1970 to 9999");
    }
  }
  const tags = readTags(record["tags"]);
  if (tags instanceof LabelProblem) add("tags", tags);
  for (const [field, bytes] of [
    ["metadata", limits.metadataBytes],
    ["usage", limits.rawUsageBytes],
  ] as const) {
    if (record[field] === undefined || record[field] === null) continue;
    const text = readJsonObject(record[field], bytes);
    if (text instanceof LabelProblem) add(field, text);
  }
  for (const kind of Object.keys(objectOf(record["units"]))) {
    if (!isUsageKind(kind) || isTokenKind(kind)) add(`units.${clip(kind)}`, `must be one of ${unitKinds.join(", ")}`);
  }
}

const objectOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

function disagreement(record: Fields): RejectedRecord | undefined {
  for (const names of spellings) {
    const given = names.filter((name) => record[name] !== undefined);
    const [first, ...others] = given;
    if (first === undefined) continue;
    const second = others.find((name) => comparable(name, record[name]) !== comparable(first, record[first]));
    if (second !== undefined) {
      return rejectFields("USAGE_001", {
        [first]: `and ${second} mean the same but have different values`,
        [second]: `and ${first} mean the same but have different values`,
      });
    }
  }
  const writes = record["cache_write_tokens"];
  const longWrites = record["cache_write_1h_tokens"];
  if (typeof writes === "number" && typeof longWrites === "number" && longWrites > writes) {
    return rejectFields("USAGE_001", {
      cache_write_1h_tokens: `(${longWrites}) is larger than cache_write_tokens (${writes}), of which it is a part`,
      cache_write_tokens: `(${writes}) is smaller than its part cache_write_1h_tokens (${longWrites})`,
    });
  }
  return undefined;
}

function comparable(name: string, value: unknown): unknown {
  if (name === "occurred_at" || name === "timestamp") return readEventInstant(value);
  if (name === "model" && typeof value === "object") return objectOf(value)["name"];
  if (name === "cost" || name === "amount" || name === "total_cost") return readMoney(value);
  return typeof value === "number" ? value + 0 : value;
}
