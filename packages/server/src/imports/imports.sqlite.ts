import type { ImportReport } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { type SqliteThreads, sqliteOperation } from "../sqlite/operation.ts";
import type { ImportPage, ImportStore } from "./import-store.ts";

interface BodyRow {
  readonly body: string;
}
const reportOf = (row: BodyRow): ImportReport => JSON.parse(row.body) as ImportReport;

const save = sqliteOperation(
  "imports.save",
  ({ db }, { organizationId, report }: { readonly organizationId: string; readonly report: ImportReport }): void => {
    db.prepare(
      `INSERT INTO imports (organization_id, id, status, body, started_at, finished_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (organization_id, id) DO UPDATE SET
         status = excluded.status, body = excluded.body, finished_at = excluded.finished_at`,
    ).run(
      organizationId,
      report.id,
      report.status,
      JSON.stringify(report),
      Date.parse(report.started_at),
      report.finished_at === null ? null : Date.parse(report.finished_at),
    );
  },
);

const list = sqliteOperation(
  "imports.list",
  ({ db }, { organizationId, page }: { readonly organizationId: string; readonly page: ImportPage }) => {
    // Ids ascend in time (UUIDv7), so the primary key is the order.
    const rows = db
      .prepare(
        `SELECT body FROM imports WHERE organization_id = ? AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ? OFFSET ?`,
      )
      .all(organizationId, page.after ?? null, page.after ?? null, page.limit + 1, page.skip ?? 0);
    return (rows as unknown as BodyRow[]).map(reportOf);
  },
);

const get = sqliteOperation(
  "imports.get",
  ({ db }, { organizationId, id }: { readonly organizationId: string; readonly id: string }) => {
    const row = db.prepare("SELECT body FROM imports WHERE organization_id = ? AND id = ?").get(organizationId, id);
    return row === undefined ? undefined : reportOf(row as unknown as BodyRow);
  },
);

const failInterrupted = sqliteOperation("imports.fail-interrupted", ({ db, now }, _args: null): number => {
  const rows = db
    .prepare("SELECT organization_id, body FROM imports WHERE status = 'running'")
    .all() as unknown as (BodyRow & { readonly organization_id: string })[];
  const update = db.prepare(
    "UPDATE imports SET status = 'failed', body = ?, finished_at = ? WHERE organization_id = ? AND id = ?",
  );
  const finishedAt = now();
  for (const row of rows) {
    const report: ImportReport = { ...reportOf(row), status: "failed", finished_at: formatInstant(finishedAt) };
    update.run(JSON.stringify(report), finishedAt, row.organization_id, report.id);
  }
  return rows.length;
});

/** The database work of this folder, for the table of operations of the store threads. */
export const importReads = [list, get] as const;
export const importWrites = [save, failInterrupted] as const;

export function sqliteImportStore(threads: SqliteThreads): ImportStore {
  return {
    save: (organizationId, report) => threads.write(save, { organizationId, report }),
    list: (organizationId, page) => threads.read(list, { organizationId, page }),
    get: (organizationId, id) => threads.read(get, { organizationId, id }),
  };
}

/**
 * Marks imports that a stopped process left running as failed; to be called when the server starts. What they recorded
 * stays: running the same import again records only the rest. Gives how many there were.
 */
export const failInterruptedImports = (threads: SqliteThreads): Promise<number> => threads.write(failInterrupted, null);
