/** Questions of every kind, to be asked of generated ledgers. */
import type { Dimension } from "@llm-cost-ops/contract";
import fc from "fast-check";
import { edgeInstant } from "./arbitrary-ledger-fixture.ts";
import { always, type RecordFilter } from "./cost-filter.ts";
import type { OrderField } from "./list-order.ts";
import { tagCandidates } from "./tag-term.ts";

export const zones = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"] as const;
export const noFilter: RecordFilter = { dimensions: {}, tags: [] };

export const filtersWithoutHours: fc.Arbitrary<RecordFilter> = fc.oneof(
  fc.constant(noFilter),
  fc.record({
    dimensions: fc.constantFrom(
      {},
      { provider: ["openai"] },
      { project_id: ["search", "nowhere"] },
      { api_key_id: ["key_1"] },
      { usage_status: ["partial", "estimated"] },
    ),
    tags: fc.constantFrom([], [tagCandidates("team")], [tagCandidates("team:web")], [tagCandidates("env=a:b=c")]),
  }),
  fc.constantFrom<RecordFilter>(
    { ...noFilter, models: ["large"] },
    { ...noFilter, userIds: ["ana", "nobody"] },
    { ...noFilter, userIds: ["bo"], models: ["small"] },
  ),
);

/** Single hours, stretches of every day and nearly all of the week. */
const hours = fc.oneof(
  fc.uniqueArray(fc.nat(167), { minLength: 1, maxLength: 12 }),
  fc
    .tuple(fc.nat(22), fc.nat(22))
    .map(([a, b]) =>
      Array.from({ length: 168 }, (_, hour) => hour).filter(
        (hour) => hour % 24 >= Math.min(a, b) && hour % 24 <= Math.max(a, b),
      ),
    ),
  fc.nat(167).map((left) => Array.from({ length: 168 }, (_, hour) => hour).filter((hour) => hour !== left)),
);

export const filters: fc.Arbitrary<RecordFilter> = fc.oneof(
  { weight: 7, arbitrary: filtersWithoutHours },
  {
    weight: 2,
    arbitrary: fc.tuple(filtersWithoutHours, hours).map(([filter, named]) => ({ ...filter, hours: named })),
  },
);
export const dimension = fc.constantFrom<Dimension>(
  "organization",
  "project",
  "user",
  "api_key",
  "provider",
  "model",
  "service_tier",
  "region",
  "cost_status",
  "usage_status",
  "day",
  "week",
  "month",
  "hour",
  "tag:team",
  "tag:env",
);
export const periods = fc
  .tuple(fc.oneof(fc.constant(always.fromMs), edgeInstant), fc.oneof(fc.constant(always.toMs), edgeInstant))
  .map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) }));

/** `order_by` as the contract allows it. */
export const orders = fc
  .uniqueArray(fc.constantFrom<OrderField>("occurred_at", "created_at", "total_tokens", "total_cost"), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((fields) => fc.tuple(...fields.map((field) => fc.constantFrom(field, `-${field}`))));
