import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import type { AnswerRow } from "../costs/cost-query.ts";
import type { RecordScope } from "../identity/record-scope.ts";
import { isVisible, scopeText, visiblePage } from "../identity/visible-page.ts";
import { type OfOrganization, type Store, storeChange, storeRead } from "../store/operation.ts";
import { emitEvent } from "../webhooks/outbox.sql.ts";
import type { ExportDescriptor, ExportPage, ExportStore } from "./export-descriptor.ts";
import { toWire } from "./export-wire.ts";

interface Limited extends OfOrganization {
  readonly within: RecordScope | undefined;
}

interface Inserted extends Limited {
  readonly descriptor: ExportDescriptor;
  readonly rows: readonly AnswerRow[] | null;
}

interface Named extends OfOrganization {
  readonly id: string;
}

interface Paged extends Limited {
  readonly limit: number;
  readonly offset: number;
  readonly beforeId?: string | undefined;
}

interface BodyRow {
  readonly body: string;
}
type ScopedRow = BodyRow & { readonly id: string; readonly record_scope: string | null };
const descriptorOf = (row: BodyRow): ExportDescriptor => JSON.parse(row.body) as ExportDescriptor;

const insert = storeChange(
  "exports.insert",
  async (connection, { organizationId, within, descriptor, rows }: Inserted) => {
    await connection.run(
      "INSERT INTO exports (organization_id, id, body, created_at, rows, record_scope) VALUES (?, ?, ?, ?, ?, ?)",
      organizationId,
      descriptor.id,
      JSON.stringify(descriptor),
      descriptor.createdAtMs,
      rows === null ? null : JSON.stringify(rows),
      scopeText(within),
    );
    const { id, format, period, filter, fields, groupBy } = descriptor;
    await recordChange(connection, {
      organizationId,
      action: "exports.create",
      resource: { type: "export", id },
      after: {
        format,
        start: formatInstant(period.fromMs),
        end: formatInstant(period.toMs),
        filter,
        include_fields: fields?.map(({ name }) => name) ?? null,
        group_by: groupBy,
      },
    });
    await emitEvent(connection, { organizationId, type: "export.completed", data: toWire(descriptor) });
  },
);

const find = storeRead("exports.find", async (connection, { organizationId, id, within }: Named & Limited) => {
  const row = await connection.get<ScopedRow>(
    "SELECT id, body, record_scope FROM exports WHERE organization_id = ? AND id = ?",
    organizationId,
    id,
  );
  return row === undefined || !isVisible(row, within) ? undefined : descriptorOf(row);
});

const findRows = storeRead(
  "exports.rows",
  async (connection, { organizationId, id }: Named): Promise<readonly AnswerRow[]> => {
    const row = await connection.get<{ readonly rows: string | null }>(
      "SELECT exports.rows FROM exports WHERE organization_id = ? AND id = ?",
      organizationId,
      id,
    );
    const text = row?.rows ?? null;
    return text === null ? [] : (JSON.parse(text) as readonly AnswerRow[]);
  },
);

/** Ids are made in the order of time, so their order is that of creation. */
const list = storeRead(
  "exports.list",
  async (connection, { organizationId, within, limit, offset, beforeId }: Paged): Promise<ExportPage> => {
    const page = { within, afterId: beforeId ?? null, skip: offset, limit: limit + 1 };
    const bodies = await visiblePage(page, (afterId, count, skip) =>
      connection.all<ScopedRow>(
        `SELECT id, body, record_scope FROM exports WHERE organization_id = ? AND (CAST(? AS TEXT) IS NULL OR id < ?)
         ORDER BY id DESC LIMIT ? OFFSET ?`,
        organizationId,
        afterId,
        afterId,
        count,
        skip,
      ),
    );
    return { items: bodies.slice(0, limit).map(descriptorOf), hasMore: bodies.length > limit };
  },
);

/** For the registry. */
export const exportOperations = [find, findRows, list, insert] as const;

export const exportStore = (store: Store): ExportStore => ({
  insert: ({ organizationId, records: within }, descriptor, rows) =>
    store.run(insert, { organizationId, within, descriptor, rows }),
  find: ({ organizationId, records: within }, id) => store.run(find, { organizationId, within, id }),
  findRows: (organizationId, id) => store.run(findRows, { organizationId, id }),
  list: ({ organizationId, records: within }, page) => store.run(list, { organizationId, within, ...page }),
});
