import { type Page, type PageInfo, Page as PageOf } from "./page.ts";
import type { CostStatus, Provider, UsageStatus } from "./records.ts";
import { fromWire, isRecord, nameToWire, toWire } from "./wire.ts";

type OneOrMany<T> = T | readonly T[];

/** Which records a question is about. Several values of one field mean any of them; several fields must all hold. */
export interface CostFilters {
  readonly organizationId?: string | undefined;
  /** First instant, inclusive. */
  readonly startDate?: string | Date | undefined;
  /** Exclusive; a bare day such as `2026-01-31` includes the whole day. */
  readonly endDate?: string | Date | undefined;
  /** A preset such as `last-30-days` instead of dates. */
  readonly range?: string | undefined;
  readonly days?: number | undefined;
  /** IANA zone of days, weeks and months; UTC if absent. */
  readonly timezone?: string | undefined;
  readonly provider?: OneOrMany<Provider> | undefined;
  readonly model?: OneOrMany<string> | undefined;
  readonly projectId?: OneOrMany<string> | undefined;
  readonly userId?: OneOrMany<string> | undefined;
  /** Recorded by these API keys. */
  readonly apiKeyId?: OneOrMany<string> | undefined;
  readonly serviceTier?: OneOrMany<string> | undefined;
  readonly region?: OneOrMany<string> | undefined;
  readonly currency?: OneOrMany<string> | undefined;
  readonly costStatus?: OneOrMany<CostStatus> | undefined;
  /** How well the quantities are known. Records of before it could be asked for are under no status. */
  readonly usageStatus?: OneOrMany<UsageStatus> | undefined;
  /** A map, or entries `key`, `key:value` or `key=value`; all must hold. */
  readonly tags?: OneOrMany<string> | Readonly<Record<string, string>> | undefined;
  /** Hours of the week in `timezone`, any of them: `mon-fri 09-18`, `sat`, `22-24`, `sun 07`. */
  readonly hours?: OneOrMany<string> | undefined;
  readonly usageIds?: OneOrMany<string> | undefined;
  readonly ids?: OneOrMany<string> | undefined;
}

/** Filters may also stand together under `filters`. */
export interface NestedFilters extends CostFilters {
  readonly filters?: CostFilters | undefined;
}

/** Which page: by cursor, or by number. */
export interface PageParams {
  /** Records of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly page?: number | undefined;
  readonly perPage?: number | undefined;
}

export interface ListParams extends NestedFilters, PageParams {
  /** Only these fields, such as `["id", "model", "cost"]`. */
  readonly fields?: readonly string[] | undefined;
  /** Fields to order by; descending with a minus, such as `-createdAt`. */
  readonly orderBy?: OneOrMany<string> | undefined;
}

/** Arguments whose values are names of fields, and are spelled as the wire spells them. */
const nameLists: ReadonlySet<string> = new Set(["fields", "order_by", "group_by", "include_fields"]);

/** The wire's form of a question, nested filters laid beside the others; lists stay lists. */
export function questionToWire(params: object, organizationId: string | undefined): Record<string, unknown> {
  const { filters, ...top } = toWire(params) as Record<string, unknown>;
  const question: Record<string, unknown> = {
    ...(organizationId !== undefined && { organization_id: organizationId }),
    ...top,
    ...(isRecord(filters) && filters),
  };
  return Object.fromEntries(
    Object.entries(question).map(([name, value]) => {
      if (name === "tags" && isRecord(value))
        return [name, Object.entries(value).map(([key, text]) => `${key}:${text}`)];
      return [name, nameLists.has(name) ? [value].flat().map((item) => fieldNameToWire(String(item))) : value];
    }),
  );
}

/** `-createdAt` → `-created_at`; `tag:costCenter` is the caller's own name and stays. */
function fieldNameToWire(name: string): string {
  return name.startsWith("-") ? `-${nameToWire(name.slice(1))}` : nameToWire(name);
}

/** A query string. Lists are comma-separated; repeated where a value itself has a comma. */
export function queryString(question: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(question)) {
    if (value === undefined || value === null) continue;
    const items = [value].flat().map(String);
    if (!items.some((item) => item.includes(","))) query.append(name, items.join(","));
    // A single value would be split at its comma; given twice it is read as a list, and means the same.
    else for (const item of items.length === 1 ? [...items, ...items] : items) query.append(name, item);
  }
  return query;
}

/** A query string of fields that take one value each, which may have commas. */
export function plainQuery(question: Readonly<Record<string, unknown>>): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(question)) {
    if (value !== undefined && value !== null) query.append(name, String(value));
  }
  return query;
}

/** A list's answer as a page; `convert` makes each record. */
export function pageFromWire<T>(answer: unknown, convert: (record: unknown) => T): Page<T> {
  const body = isRecord(answer) ? answer : { data: answer };
  const records = Array.isArray(body["data"]) ? body["data"] : [];
  const info = isRecord(body["pagination"])
    ? (fromWire(body["pagination"]) as PageInfo)
    : { limit: records.length, hasMore: false, nextCursor: null };
  return new PageOf(records.map(convert), info);
}
