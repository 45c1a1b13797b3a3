import { createHash } from "node:crypto";
import { Refusal } from "../refusal.ts";
import type { Period } from "./cost-filter.ts";
import type { OrderPosition } from "./list-order.ts";

/**
 * Where the next page of a list begins, to be handed out and taken back as opaque text. It carries the period that the
 * first page was read for, so that `last-30-days` means the same days on every page, and a digest of the question, so
 * that it is never continued with another one.
 */
export interface PageCursor {
  readonly period: Pick<Period, "fromMs" | "toMs">;
  readonly position: OrderPosition;
}

const version = 1;

export function writeCursor(question: unknown, { period, position }: PageCursor): string {
  const parts = [version, digest(question), period.fromMs, period.toMs, position.id, ...position.values];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** Refuses with INVALID_REQUEST text that is no cursor, or one of another question. */
export function readCursor(question: unknown, text: string, keys: number): PageCursor {
  const parts = parse(text);
  if (parts === undefined) throw new Refusal("INVALID_REQUEST", "The cursor is not one that this server handed out.");
  const [, of, fromMs, toMs, id, ...values] = parts;
  if (of !== digest(question) || values.length !== keys) {
    throw new Refusal(
      "INVALID_REQUEST",
      "The cursor belongs to another question: repeat the filters and the order of the first page, or start again.",
    );
  }
  return { period: { fromMs, toMs }, position: { id, values } };
}

type CursorParts = [
  version: number,
  digest: string,
  fromMs: number,
  toMs: number,
  id: string,
  ...values: (string | null)[],
];

function parse(text: string): CursorParts | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isCursor(parts) ? parts : undefined;
}

function isCursor(parts: unknown): parts is CursorParts {
  if (!Array.isArray(parts) || parts[0] !== version) return false;
  const [, of, fromMs, toMs, id, ...values] = parts as unknown[];
  return (
    typeof of === "string" &&
    Number.isSafeInteger(fromMs) &&
    Number.isSafeInteger(toMs) &&
    typeof id === "string" &&
    /^[0-9a-f]{32}$/.test(id) &&
    values.every((value) => value === null || (typeof value === "string" && /^-?\d{1,30}$/.test(value)))
  );
}

/** Equal for equal questions, whatever the order in which their fields were written. */
function digest(question: unknown): string {
  return createHash("sha256").update(canonicalJson(question)).digest("base64url").slice(0, 16);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
