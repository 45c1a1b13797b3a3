import type { AnswerRow } from "../costs/cost-query.ts";
import { type OfOrganization, type Store, storeRead, storeWrite } from "../store/operation.ts";
import type { ExportDescriptor, ExportPage, ExportStore } from "./export-descriptor.ts";

interface Inserted extends OfOrganization {
  readonly descriptor: ExportDescriptor;
  readonly rows: readonly AnswerRow[] | null;
}

interface Named extends OfOrganization {
  readonly id: string;
}

interface Paged extends OfOrganization {
  readonly limit: number;
  readonly offset: number;
  readonly beforeId: string | undefined;
}

interface BodyRow {
  readonly body: string;
}
const descriptorOf = (row: BodyRow): ExportDescriptor => JSON.parse(row.body) as ExportDescriptor;

const insert = storeWrite("exports.insert", async (connection, { organizationId, descriptor, rows }: Inserted) => {
  await connection.run(
    "INSERT INTO exports (organization_id, id, body, created_at, rows) VALUES (?, ?, ?, ?, ?)",
    organizationId,
    descriptor.id,
    JSON.stringify(descriptor),
    descriptor.createdAtMs,
    rows === null ? null : JSON.stringify(rows),
  );
});

const find = storeRead("exports.find", async (connection, { organizationId, id }: Named) => {
  const row = await connection.get<BodyRow>(
    "SELECT body FROM exports WHERE organization_id = ? AND id = ?",
    organizationId,
    id,
  );
  return row === undefined ? undefined : descriptorOf(row);
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
  async (connection, { organizationId, limit, offset, beforeId }: Paged): Promise<ExportPage> => {
    const bodies = await connection.all<BodyRow>(
      `SELECT body FROM exports WHERE organization_id = ? AND (CAST(? AS TEXT) IS NULL OR id < ?)
       ORDER BY id DESC LIMIT ? OFFSET ?`,
      organizationId,
      beforeId ?? null,
      beforeId ?? null,
      limit + 1,
      offset,
    );
    return { items: bodies.slice(0, limit).map(descriptorOf), hasMore: bodies.length > limit };
  },
);

/** For the registry. */
export const exportOperations = [find, findRows, list, insert] as const;

export const exportStore = (store: Store): ExportStore => ({
  insert: (organizationId, descriptor, rows) => store.run(insert, { organizationId, descriptor, rows }),
  find: (organizationId, id) => store.run(find, { organizationId, id }),
  findRows: (organizationId, id) => store.run(findRows, { organizationId, id }),
  list: (organizationId, page) => store.run(list, { organizationId, ...page }),
});
