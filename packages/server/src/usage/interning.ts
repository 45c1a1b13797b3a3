import { digest16 } from "./record-id.ts";

const mark = "\x1f";
const absent = "\x00";

/** The dimensions of one series. Tags are JSON with sorted keys. */
export interface SeriesDimensions {
  readonly organizationId: string;
  readonly provider: string;
  readonly model: string;
  readonly resolvedModel: string | null;
  readonly projectId: string | null;
  readonly serviceTier: string;
  readonly region: string | null;
  readonly currency: string | null;
  readonly costStatus: string;
  readonly tags: string;
  /** The API key that recorded it; null where none did. */
  readonly apiKeyId: string | null;
  /** How well the quantities are known. Series of before it was a dimension have none, and no record joins them any more. */
  readonly usageStatus: string;
}

/** Why a model and a rate were chosen. */
export interface RuleTexts {
  readonly organizationId: string;
  readonly resolutionRule: string | null;
  readonly resolutionDetail: string | null;
  readonly priceRule: string | null;
}

/** A table of rows that many records share, each written once under a number of its organization. */
export interface SharedTable<T> {
  readonly table: string;
  /** The column of the number. */
  readonly id: string;
  readonly columns: readonly string[];
  /** The values of `columns`. */
  readonly valuesOf: (of: T) => readonly (string | null)[];
  /** What tells rows apart, of their values. */
  readonly keyOf: (values: readonly (string | null)[]) => string;
}

const keyOf = (values: readonly (string | null)[]): string => values.map((value) => value ?? absent).join(mark);

export const seriesTable: SharedTable<SeriesDimensions> = {
  table: "series",
  id: "series_id",
  columns: [
    "provider",
    "model",
    "resolved_model",
    "project_id",
    "service_tier",
    "region",
    "currency",
    "cost_status",
    "tags",
    "api_key_id",
    "usage_status",
  ],
  valuesOf: (of) => [
    of.provider,
    of.model,
    of.resolvedModel,
    of.projectId,
    of.serviceTier,
    of.region,
    of.currency,
    of.costStatus,
    of.tags,
    of.apiKeyId,
    of.usageStatus,
  ],
  keyOf,
};

export const rulesTable: SharedTable<RuleTexts> = {
  table: "rules",
  id: "rule_id",
  columns: ["resolution_rule", "resolution_detail", "price_rule"],
  valuesOf: (of) => [of.resolutionRule, of.resolutionDetail, of.priceRule],
  keyOf,
};

/** Whether there is anything to say. */
export const isSilent = ({ resolutionRule, resolutionDetail, priceRule }: RuleTexts): boolean =>
  resolutionRule === null && resolutionDetail === null && priceRule === null;

/** What tells rows apart among those of all organizations. */
export const keyWithin = (organizationId: string, key: string): string => organizationId + mark + key;

/** What tells rows apart, in 16 bytes, as `key_hash` holds it. */
export const keyHash = (key: string): Uint8Array => digest16(key);
