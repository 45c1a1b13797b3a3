import type { z } from "zod";
import { Refusal } from "../refusal.ts";

/** An issue of zod 4 as far as sentences need it. */
interface Issue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly input?: unknown;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

type RawIssue = Parameters<z.core.$ZodErrorMap>[0];

/** Sentences for what the schemas themselves have no words for. They end the sentence "<field> …". */
const sentences: Readonly<Record<string, (issue: RawIssue) => string | undefined>> = {
  invalid_type: (issue) => {
    if (issue.input === undefined) return "is required";
    return `must be ${typeNames[String(issue["expected"])] ?? String(issue["expected"])}`;
  },
  invalid_value: (issue) =>
    issue.input === undefined ? "is required" : `must be one of: ${(issue["values"] as unknown[]).join(", ")}`,
  unrecognized_keys: () => "is not a known field",
  too_small: (issue) => `must be at least ${issue["minimum"]}${sized(issue)}`,
  too_big: (issue) => `must be at most ${issue["maximum"]}${sized(issue)}`,
  invalid_format: () => "does not have the right form",
  invalid_union: (issue) => (issue.input === undefined ? "is required" : undefined),
};

function sized(issue: RawIssue): string {
  const units: Readonly<Record<string, string>> = { string: " characters", array: " entries" };
  return units[String(issue["origin"])] ?? "";
}

const readable: z.core.$ZodErrorMap = (issue) => sentences[issue.code]?.(issue);

/** In a query string a list where one value belongs means that the field was repeated. */
const readableInQuery: z.core.$ZodErrorMap = (issue) =>
  issue.code === "invalid_type" && Array.isArray(issue.input) ? "must be given once" : readable(issue);

/**
 * Checks a value against a schema of the contract. Refuses with VALIDATION_ERROR and one sentence a field, under dot
 * paths such as `records.3.input_tokens`; at most 100 of them. Bodies are no deeper than `limits.jsonDepth`.
 */
export function validated<T>(schema: z.ZodType<T>, value: unknown, place: "query" | "elsewhere" = "elsewhere"): T {
  const result = schema.safeParse(value, { error: place === "query" ? readableInQuery : readable });
  const issues = result.success ? lostKeys(value) : (result.error.issues as readonly Issue[]);
  if (result.success && issues.length === 0) return result.data;
  throw new Refusal("VALIDATION_ERROR", "The request has fields that are not allowed as they are.", {
    fieldErrors: fieldErrors(issues, value),
  });
}

/** Maps of any keys lose this one without a word, and what counts and groups by it would miss it. */
function lostKeys(value: unknown): readonly Issue[] {
  const path = pathOfPrototype(value);
  return path === undefined ? [] : [{ code: "custom", path, message: "is not an allowed key" }];
}

function pathOfPrototype(value: unknown): readonly PropertyKey[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, "__proto__")) return ["__proto__"];
  for (const [key, inner] of Object.entries(value)) {
    const path = pathOfPrototype(inner);
    if (path !== undefined) return [key, ...path];
  }
  return undefined;
}

/** The parts of an address that stand for ids. */
export function validatedParams<T>(schema: z.ZodType<T>, params: unknown): T {
  // Nothing is named so, and PostgreSQL could not even be asked for it.
  if (Object.values(params ?? {}).some((value) => String(value).includes("\0"))) {
    throw new Refusal("NOT_FOUND", "There is nothing at this address.");
  }
  return validated(schema, params);
}

const fieldErrorsMax = 100;

function fieldErrors(issues: readonly Issue[], value: unknown): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  let count = 0;
  const add = (path: readonly PropertyKey[], message: string): void => {
    const name = path.map(String).join(".").slice(0, 256) || "body";
    if (name in found || count === fieldErrorsMax) return;
    found[name] = message;
    count += 1;
  };
  for (const issue of issues) {
    for (const leaf of leaves(issue, value)) {
      if (leaf.code === "unrecognized_keys") for (const key of leaf.keys ?? []) add([...leaf.path, key], leaf.message);
      else add(leaf.path, leaf.message);
    }
  }
  return { ...found };
}

/** Of a union, the issues of the alternative that the value came closest to; unless the union has words of its own. */
function leaves(issue: Issue, value: unknown): readonly Issue[] {
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input" || !issue.errors?.length) return [issue];
  const candidates = issue.errors.map((branch) =>
    branch.flatMap((inner) => leaves({ ...inner, path: [...issue.path, ...inner.path] }, value)),
  );
  const mismatch = (branch: readonly Issue[]): number =>
    branch.filter((inner) => inner.code === "invalid_type" && inner.path.length === issue.path.length).length;
  const closest = candidates.toSorted((a, b) => mismatch(a) - mismatch(b) || a.length - b.length)[0];
  return closest?.length ? closest : [{ ...issue, message: "does not have an allowed form" }];
}
