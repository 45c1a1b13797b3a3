/** What a question says of a record, read from the record alone: the oracle of answers. */
import type { Dimension } from "@llm-cost-ops/contract";
import type { RecordFilter } from "./cost-filter.ts";
import type { FixtureRecord } from "./ledger-fixture.ts";
import { holdsTag } from "./tag-term.ts";

const clocks = new Map<string, Intl.DateTimeFormat>();

/** The local clock by the runtime's own calendar, as an oracle beside the core's. */
function wallClock(ms: number, zone: string): { date: string; hour: string; offset: string } {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      timeZoneName: "longOffset",
    });
  clocks.set(zone, clock);
  const parts = Object.fromEntries(clock.formatToParts(ms).map(({ type, value }) => [type, value]));
  const offset = (parts["timeZoneName"] ?? "").replace("GMT", "");
  return {
    date: `${parts["year"]}-${parts["month"]}-${parts["day"]}`,
    hour: parts["hour"] ?? "",
    offset: zone === "UTC" ? "Z" : offset,
  };
}

/** The value of a dimension for a record. */
export function expectedValue(dimension: Dimension, record: FixtureRecord, zone: string): string | null {
  const { date, hour, offset } = wallClock(record.occurredAtMs, zone);
  if (dimension.startsWith("tag:")) return record.tags[dimension.slice(4)] ?? null;
  const values: Partial<Record<Dimension, string | null>> = {
    organization: record.organizationId,
    project: record.project,
    user: record.user,
    api_key: record.apiKey,
    provider: record.provider,
    model: record.model,
    service_tier: record.tier,
    region: record.region,
    cost_status: record.cost === null ? "unpriced" : record.entry === "cost" ? "reported" : "priced",
    usage_status: record.usageStatus,
    hour: `${date}T${hour}:00:00${offset}`,
    day: date,
    week: new Date(Date.parse(date) - ((new Date(date).getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10),
    month: date.slice(0, 7),
  };
  return values[dimension] ?? null;
}

/** Counted from Monday's midnight. */
function hourOfWeek(ms: number, zone: string): number {
  const { date, hour } = wallClock(ms, zone);
  return ((new Date(date).getUTCDay() + 6) % 7) * 24 + Number(hour);
}

/** Whether a filter lets a record through. */
export const passes = (filter: RecordFilter, record: FixtureRecord, zone: string): boolean =>
  (filter.models?.some((model) => model === record.model || model === record.resolvedModel) ?? true) &&
  (filter.userIds?.some((user) => user === record.user) ?? true) &&
  (filter.dimensions.provider?.includes(record.provider) ?? true) &&
  (filter.dimensions.api_key_id?.some((key) => key === record.apiKey) ?? true) &&
  (filter.dimensions.usage_status?.some((status) => status === record.usageStatus) ?? true) &&
  (filter.dimensions.project_id?.some((project) => project === record.project) ?? true) &&
  filter.tags.every((candidates) => holdsTag(record.tags, candidates)) &&
  (filter.hours?.includes(hourOfWeek(record.occurredAtMs, zone)) ?? true);
