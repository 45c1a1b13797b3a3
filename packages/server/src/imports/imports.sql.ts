import type { ImportReport } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { recordChange } from "../audit/audit-entries.sql.ts";
import type { RecordScope } from "../identity/record-scope.ts";
import { isVisible, scopeText, visiblePage } from "../identity/visible-page.ts";
import type { StoreConnection } from "../store/connection.ts";
import {
  installationWrite,
  type OfOrganization,
  type Store,
  storeChange,
  storeRead,
  storeWrite,
} from "../store/operation.ts";
import type { ImportPage, ImportStore } from "./import-store.ts";

interface BodyRow {
  readonly body: string;
}
type ScopedRow = BodyRow & { readonly id: string; readonly record_scope: string | null };

interface Limited extends OfOrganization {
  readonly within: RecordScope | undefined;
}

const reportOf = (row: BodyRow): ImportReport => JSON.parse(row.body) as ImportReport;

interface Kept extends Limited {
  readonly report: ImportReport;
}

async function put(connection: StoreConnection, { organizationId, report, within }: Kept): Promise<void> {
  await connection.run(
    `INSERT INTO imports (organization_id, id, status, body, started_at, finished_at, record_scope)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (organization_id, id) DO UPDATE SET
         status = excluded.status, body = excluded.body, finished_at = excluded.finished_at`,
    organizationId,
    report.id,
    report.status,
    JSON.stringify(report),
    Date.parse(report.started_at),
    report.finished_at === null ? null : Date.parse(report.finished_at),
    scopeText(within),
  );
}

const begin = storeChange("imports.begin", async (connection, kept: Kept): Promise<void> => {
  await put(connection, kept);
  const { id, name, format } = kept.report;
  await recordChange(connection, {
    organizationId: kept.organizationId,
    action: "imports.create",
    resource: { type: "import", id },
    after: { name, format },
  });
});

const save = storeWrite("imports.save", put, "it ends an import whose beginning is told; the report says how it ended");

const list = storeRead(
  "imports.list",
  async (connection, { organizationId, page, within }: Limited & { readonly page: ImportPage }) => {
    const { after, limit, skip = 0 } = page;
    // Ids ascend in time (UUIDv7), so the primary key is the order.
    const rows = await visiblePage(
      { within, afterId: after ?? null, skip, limit: limit + 1 },
      (afterId, count, offset) =>
        connection.all<ScopedRow>(
          `SELECT id, body, record_scope FROM imports WHERE organization_id = ? AND (CAST(? AS TEXT) IS NULL OR id < ?)
         ORDER BY id DESC LIMIT ? OFFSET ?`,
          organizationId,
          afterId,
          afterId,
          count,
          offset,
        ),
    );
    return rows.map(reportOf);
  },
);

const get = storeRead(
  "imports.get",
  async (connection, { organizationId, id, within }: Limited & { readonly id: string }) => {
    const row = await connection.get<ScopedRow>(
      "SELECT id, body, record_scope FROM imports WHERE organization_id = ? AND id = ?",
      organizationId,
      id,
    );
    return row === undefined || !isVisible(row, within) ? undefined : reportOf(row);
  },
);

const failInterrupted = installationWrite(
  "imports.fail-interrupted",
  async (connection, _args: null) => {
    const rows = await connection.all<BodyRow & { readonly organization_id: string }>(
      "SELECT organization_id, body FROM imports WHERE status = 'running'",
    );
    const finishedAt = connection.now();
    for (const row of rows) {
      const report: ImportReport = { ...reportOf(row), status: "failed", finished_at: formatInstant(finishedAt) };
      await connection.run(
        "UPDATE imports SET status = 'failed', body = ?, finished_at = ? WHERE organization_id = ? AND id = ?",
        JSON.stringify(report),
        finishedAt,
        row.organization_id,
        report.id,
      );
    }
    return rows.length;
  },
  "it ends imports whose beginning is told, after their server ended",
);

/** For the registry. */
export const importOperations = [list, get, begin, save, failInterrupted] as const;

export const importStore = (store: Store): ImportStore => ({
  save: (organizationId, report, within) =>
    store.run(report.status === "running" ? begin : save, { organizationId, report, within }),
  list: (organizationId, page, within) => store.run(list, { organizationId, page, within }),
  get: (organizationId, id, within) => store.run(get, { organizationId, id, within }),
});

/**
 * Marks imports that a stopped process left running as failed; to be called when the server starts. What they recorded
 * stays: running the same import again records only the rest. Gives how many there were.
 */
export const failInterruptedImports = (store: Store): Promise<number> => store.run(failInterrupted, null);
