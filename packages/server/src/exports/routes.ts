import { costFields, limits, type Pagination } from "@llm-cost-ops/contract";
import { nextStart, startOf } from "@llm-cost-ops/core";
import { always, type Period, readPeriod, readRecordFilter } from "../costs/cost-filter.ts";
import type { CostQuery, Extent } from "../costs/cost-query.ts";
import { readOrder } from "../costs/list-order.ts";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import { pickFields, readDimensions, readFields } from "../costs/read-question.ts";
import { walkCosts } from "../costs/walk-costs.ts";
import type { Caller, Routes } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import type { ExportDescriptor, ExportStore } from "./export-descriptor.ts";
import { toWire } from "./export-wire.ts";
import { rowWriters, writeExport } from "./write-export.ts";

export interface ExportRouteDeps {
  readonly query: CostQuery;
  readonly exports: ExportStore;
  /** UTC milliseconds. */
  readonly now: () => number;
}

/** The columns of sums behind the dimensions. */
const totalColumns = [
  "currency",
  "total_cost",
  "cache_savings",
  "total_requests",
  "unpriced_requests",
  "avg_cost_per_request",
  "input_tokens",
  "output_tokens",
  "total_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
] as const;

const defaultLimit = 100;
const oldestFirst = readOrder(["occurred_at"]);
const newestFirst = readOrder(["-occurred_at"]);

/**
 * Exports are described first and streamed when they are downloaded. An export of records holds what was received until
 * it was described, with the corrections of the day of the download; one of sums keeps the sums as they were.
 */
export function exportRoutes({ query, exports, now }: ExportRouteDeps): Routes {
  const makeId = uuidV7Maker();

  const describe = async (caller: Caller, id: string): Promise<ExportDescriptor> => {
    const descriptor = await exports.find(caller, id);
    if (descriptor === undefined) throw new Refusal("NOT_FOUND", "There is no export with this id.");
    return descriptor;
  };

  return {
    "exports.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        const { organizationId } = caller;
        const createdAtMs = now();
        const filter = readRecordFilter(caller, body);
        const groupBy = body.group_by === undefined ? null : readDimensions(body.group_by);
        const fields = readFields("include_fields", body.include_fields);
        if (groupBy !== null && fields !== undefined) {
          throw new Refusal("VALIDATION_ERROR", "include_fields cannot be combined with group_by", {
            fieldErrors: { include_fields: "cannot be combined with group_by" },
          });
        }
        const asked = readPeriod(body, createdAtMs, "always");
        const period = asked.fromMs === always.fromMs ? await recordedPeriod(query, caller, asked) : asked;
        const descriptor: ExportDescriptor = {
          id: formatUuid(makeId(createdAtMs)),
          format: body.format,
          createdAtMs,
          period,
          filter,
          receivedBeforeMs: createdAtMs + 1,
          fields: fields ?? null,
          groupBy,
        };
        const sums =
          groupBy === null
            ? null
            : await query.aggregate(organizationId, { period, filter, groupBy, metrics: ["sum", "count", "avg"] });
        await exports.insert(caller, descriptor, sums?.rows ?? null);
        return { json: { data: toWire(descriptor) } };
      },
    },
    "exports.list": {
      body: "json",
      handle: async ({ caller, query: asked }) => {
        const { organizationId } = caller;
        const identity = { view: "exports", organization: organizationId };
        const limit = Math.min(asked.per_page ?? asked.limit ?? defaultLimit, limits.pageLimit);
        const numbered = asked.page !== undefined || asked.per_page !== undefined;
        if (asked.cursor !== undefined && asked.page !== undefined) {
          throw new Refusal("VALIDATION_ERROR", "page cannot be combined with cursor", {
            fieldErrors: { page: "cannot be combined with cursor" },
          });
        }
        const behind = asked.cursor === undefined ? undefined : readCursor(identity, asked.cursor, 0).position.id;
        const { items, hasMore } = await exports.list(caller, {
          limit,
          offset: ((asked.page ?? 1) - 1) * limit,
          beforeId: behind === undefined ? undefined : formatUuid(Buffer.from(behind, "hex")),
        });
        const last = items.at(-1);
        const pagination: Pagination = {
          limit,
          has_more: hasMore,
          next_cursor: !hasMore || last === undefined ? null : writeCursor(identity, cursorAt(last)),
          ...(numbered && { page: asked.page ?? 1, per_page: limit }),
        };
        return { json: { data: items.map(toWire), pagination } };
      },
    },
    "exports.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: toWire(await describe(caller, params.id)) },
      }),
    },
    "exports.download": {
      body: "json",
      handle: async ({ caller, params, signal }) => {
        const { organizationId } = caller;
        const descriptor = await describe(caller, params.id);
        const { format, groupBy, fields } = descriptor;
        const chunks =
          groupBy === null
            ? writeExport(format, fields?.map(({ name }) => name) ?? costFields, records(descriptor))
            : writeExport(format, [...groupBy, ...totalColumns], [await exports.findRows(organizationId, params.id)]);
        return {
          contentType: rowWriters[format].contentType,
          headers: { "content-disposition": `attachment; filename="costs-${descriptor.id}.${format}"` },
          chunks,
        };

        async function* records({ period, filter, receivedBeforeMs }: ExportDescriptor) {
          const question = { period, filter, order: oldestFirst, receivedBeforeMs };
          for await (const step of walkCosts(query, organizationId, question, signal)) {
            yield step.map((cost) => pickFields(cost, fields ?? undefined));
          }
          // A file that ends early must not look whole.
          signal.throwIfAborted();
        }
      },
    },
  };
}

/** A period without dates, fixed to the days that have records. */
async function recordedPeriod(query: CostQuery, caller: Caller, asked: Period): Promise<Period> {
  const extent = await extentOf(query, caller, asked);
  if (extent === undefined) return { ...asked, fromMs: 0, toMs: 0 };
  return {
    fromMs: startOf("day", extent.firstMs, asked.zone),
    toMs: nextStart("day", extent.lastMs, asked.zone),
    zone: asked.zone,
  };
}

/** The first and last instant of what the caller may see. */
async function extentOf(query: CostQuery, caller: Caller, period: Period): Promise<Extent | undefined> {
  const { organizationId, records } = caller;
  if (records === undefined) return query.extent(organizationId);
  const filter = readRecordFilter(caller, {});
  const ends: number[] = [];
  for (const order of [oldestFirst, newestFirst]) {
    const { items } = await query.listCosts(organizationId, { period, filter, order, limit: 1 });
    for (const { occurred_at } of items) ends.push(Date.parse(occurred_at));
  }
  const [firstMs, lastMs] = ends;
  return firstMs === undefined || lastMs === undefined ? undefined : { firstMs, lastMs };
}

const cursorAt = ({ id }: ExportDescriptor) => ({
  period: { fromMs: 0, toMs: 0 },
  position: { id: id.replaceAll("-", ""), values: [] },
});
