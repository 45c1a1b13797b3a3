import type { AnswerRow } from "../costs/cost-query.ts";
import { type SqliteThreads, sqliteOperation } from "../sqlite/operation.ts";
import type { ExportDescriptor, ExportPage, ExportStore } from "./export-descriptor.ts";

interface Inserted {
  readonly organizationId: string;
  readonly descriptor: ExportDescriptor;
  readonly rows: readonly AnswerRow[] | null;
}

interface Named {
  readonly organizationId: string;
  readonly id: string;
}

interface Paged {
  readonly organizationId: string;
  readonly limit: number;
  readonly offset: number;
  readonly beforeId: string | undefined;
}

const insert = sqliteOperation("exports.insert", (store, { organizationId, descriptor, rows }: Inserted): void => {
  store.db
    .prepare("INSERT INTO exports (organization_id, id, body, created_at, rows) VALUES (?, ?, ?, ?, ?)")
    .run(
      organizationId,
      descriptor.id,
      JSON.stringify(descriptor),
      descriptor.createdAtMs,
      rows === null ? null : JSON.stringify(rows),
    );
});

const find = sqliteOperation("exports.find", (store, { organizationId, id }: Named): ExportDescriptor | undefined => {
  const row = store.db.prepare("SELECT body FROM exports WHERE organization_id = ? AND id = ?").get(organizationId, id);
  return row === undefined ? undefined : (JSON.parse(String(row["body"])) as ExportDescriptor);
});

const findRows = sqliteOperation("exports.rows", (store, { organizationId, id }: Named): readonly AnswerRow[] => {
  const row = store.db.prepare("SELECT rows FROM exports WHERE organization_id = ? AND id = ?").get(organizationId, id);
  const text = row?.["rows"] ?? null;
  return text === null ? [] : (JSON.parse(String(text)) as readonly AnswerRow[]);
});

/** Ids are made in the order of time, so their order is that of creation. */
const list = sqliteOperation(
  "exports.list",
  (store, { organizationId, limit, offset, beforeId }: Paged): ExportPage => {
    const bodies = store.db
      .prepare(
        `SELECT body FROM exports WHERE organization_id = ? AND (? IS NULL OR id < ?)
         ORDER BY id DESC LIMIT ? OFFSET ?`,
      )
      .all(organizationId, beforeId ?? null, beforeId ?? null, limit + 1, offset);
    const items = bodies.slice(0, limit).map(({ body }) => JSON.parse(String(body)) as ExportDescriptor);
    return { items, hasMore: bodies.length > limit };
  },
);

/** For the store threads' registry. */
export const exportReads = [find, findRows, list] as const;
export const exportWrites = [insert] as const;

export function sqliteExportStore(threads: Pick<SqliteThreads, "read" | "write">): ExportStore {
  return {
    insert: (organizationId, descriptor, rows) => threads.write(insert, { organizationId, descriptor, rows }),
    find: (organizationId, id) => threads.read(find, { organizationId, id }),
    findRows: (organizationId, id) => threads.read(findRows, { organizationId, id }),
    list: (organizationId, page) => threads.read(list, { organizationId, ...page }),
  };
}
