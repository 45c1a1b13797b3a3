import type { RecordFilter } from "../costs/cost-filter.ts";
import { holdsTag } from "../costs/tag-term.ts";
import type { SqlValue } from "../store/connection.ts";
import { type OfOrganization, storeRead } from "../store/operation.ts";

export interface ErrorQuestion extends OfOrganization {
  /** UTC milliseconds, half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly filter: RecordFilter;
}

interface SeriesSum {
  readonly tags: string;
  readonly requests: number;
  readonly errors: number;
}

const hourMs = 3_600_000;

/** Terms of the dimensions that a rule's scope can name, each with its values. */
function seriesTerms({ dimensions, models }: RecordFilter): readonly (readonly [string, readonly string[]])[] {
  const places = (values: readonly string[]): string => `(${values.map(() => "?").join(", ")})`;
  return [
    ...Object.entries(dimensions).map(([name, values]) => [`s.${name} IN ${places(values)}`, values] as const),
    ...(models === undefined
      ? []
      : [[`(s.model IN ${places(models)} OR s.resolved_model IN ${places(models)})`, [...models, ...models]] as const]),
  ];
}

/** Requests and those of them that failed: whole hours from the rollups, their ragged edges from the records. */
export const countErrors = storeRead(
  "alerts.countErrors",
  async (connection, { organizationId, fromMs, toMs, filter }: ErrorQuestion) => {
    const { userIds } = filter;
    const empty = [...Object.values(filter.dimensions), userIds, filter.models].some((values) => values?.length === 0);
    const total = { requests: 0, errors: 0 };
    if (empty) return total;
    const terms = seriesTerms(filter);
    const add = async (table: string, columns: string, conditions: string, values: readonly SqlValue[]) => {
      const rows = await connection.all<SeriesSum>(
        `SELECT s.tags, CAST(sum(r.requests) AS BIGINT) AS requests, CAST(sum(${columns}) AS BIGINT) AS errors
         FROM ${table} r JOIN series s ON s.organization_id = r.organization_id AND s.series_id = r.series_id
         WHERE r.organization_id = ? AND ${[conditions, ...terms.map(([text]) => text)].join(" AND ")}
         GROUP BY s.series_id, s.tags`,
        organizationId,
        ...values,
        ...terms.flatMap(([, of]) => of),
      );
      for (const { tags, requests, errors } of rows) {
        const parsed = JSON.parse(tags) as Readonly<Record<string, string>>;
        if (!filter.tags.every((candidates) => holdsTag(parsed, candidates))) continue;
        total.requests += Number(requests);
        total.errors += Number(errors);
      }
    };
    const ofUsers = userIds === undefined ? "" : `AND r.user_id IN (${userIds.map(() => "?").join(", ")})`;
    const addRecords = async (from: number, to: number): Promise<void> => {
      if (from >= to) return;
      const during = `r.occurred_at >= ? AND r.occurred_at < ? ${ofUsers}`;
      await add("records", "r.is_error * r.requests", during, [from, to, ...(userIds ?? [])]);
    };
    const [firstHour, endHour] = [Math.ceil(fromMs / hourMs), Math.floor(toMs / hourMs)];
    // Rollups by hour do not know users.
    if (userIds !== undefined || firstHour >= endHour) await addRecords(fromMs, toMs);
    else {
      await addRecords(fromMs, firstHour * hourMs);
      await add("rollup_hourly", "r.errors", "r.hour >= ? AND r.hour < ?", [firstHour, endHour]);
      await addRecords(endHour * hourMs, toMs);
    }
    return total;
  },
);
