import { ensureRecordsPartition } from "../postgres/partitions.ts";
import { withPrices } from "../pricing/with-prices.sql.ts";
import type { SqlValue } from "../store/connection.ts";
import { insertRows } from "../store/insert-rows.ts";
import { installationWrite, storeWrite } from "../store/operation.ts";
import { createInterning } from "./interning.sql.ts";
import { fixturePrices } from "./ledger-fixture.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import { UsageBodyReader } from "./read-usage-body.ts";
import { newRecordColumns, shareOf } from "./record-columns.ts";
import { RejectedOutcome } from "./record-outcome.ts";
import { flushRollups } from "./rollups.sql.ts";
import { RollupChanges } from "./rollups.ts";

/** Puts `fixturePrices` into the catalogue of any store. */
export const seedFixturePrices = installationWrite("test.seedPrices", async (connection, _args: object) => {
  for (const price of fixturePrices) {
    await connection.run(
      "INSERT INTO models (organization_id, provider, model) VALUES ('', ?, ?)",
      price.provider,
      price.model,
    );
    const rates = [
      { kind: "input", price: price.input, per: 1_000_000 },
      { kind: "cache_read", price: price.cacheRead, per: 1_000_000 },
      { kind: "output", price: price.output, per: 1_000_000 },
    ];
    await connection.run(
      `INSERT INTO price_versions (organization_id, id, provider, model, catalogue_version, currency, body, created_at)
       VALUES ('', ?, ?, ?, 'fixture', 'USD', ?, 0)`,
      `${price.provider}/${price.model}@fixture`,
      price.provider,
      price.model,
      JSON.stringify({ tierMode: "whole_request", contextBasis: "all_input", rates, multipliers: [] }),
    );
  }
  await connection.run("UPDATE settings SET value = value + 1 WHERE key = 'price_book_revision'");
});

/** Records new calls in the plainest way that any store allows: rated as the ledger rates them, one statement after the other. */
export const appendPlainly = storeWrite(
  "test.appendPlainly",
  async (
    connection,
    {
      organizationId,
      records,
      entry,
    }: {
      readonly organizationId: string;
      readonly records: readonly unknown[];
      readonly entry?: "usage" | "cost";
    },
  ) => {
    const args = {
      organizationId,
      wants: "items",
      shape: "batch",
      entry: entry ?? "usage",
      source: "api",
      requirePrice: false,
    } as const;
    const bytes = new TextEncoder().encode(JSON.stringify(records));
    const prepared = await withPrices(connection, organizationId, (lookup) => {
      const read = new Map<string, PreparedRecord>();
      new UsageBodyReader().read({ args, bytes }, lookup, connection.now(), (record) => {
        if (record instanceof RejectedOutcome) throw new Error(JSON.stringify(record));
        if (!read.has(record.idText)) read.set(record.idText, record);
      });
      return [...read.values()];
    });
    const rollups = new RollupChanges();
    const interning = createInterning(connection);
    const rows: SqlValue[][] = [];
    const keys: SqlValue[][] = [];
    const known = connection.dialect === "postgres" ? "record_keys" : "records";
    for (const record of prepared) {
      const where = `FROM ${known} WHERE organization_id = ? AND id = ?`;
      if ((await connection.get(`SELECT entry ${where}`, organizationId, record.id)) !== undefined) continue;
      if (connection.dialect === "postgres") await ensureRecordsPartition(connection, record.occurredAtMs);
      const seriesId = await interning.seriesId(record.series);
      const values = columnValues(record, seriesId, record.rule === null ? null : await interning.ruleId(record.rule));
      rows.push(newRecordColumns.map((column) => values[column]));
      keys.push([organizationId, record.id, record.occurredAtMs, record.entry, record.fingerprint]);
      rollups.add(shareOf(record, seriesId));
    }
    await insertRows(connection, `INSERT INTO records (${newRecordColumns.join(", ")})`, rows);
    if (connection.dialect === "postgres") {
      await insertRows(
        connection,
        "INSERT INTO record_keys (organization_id, id, occurred_at, entry, fingerprint)",
        keys,
      );
    }
    await flushRollups(connection, rollups);
    return rows.length;
  },
);

function columnValues(
  record: PreparedRecord,
  seriesId: number,
  ruleId: number | null,
): Readonly<Record<(typeof newRecordColumns)[number], SqlValue>> {
  return {
    organization_id: record.organizationId,
    id: record.id,
    external_id: record.externalId,
    entry: record.entry,
    state: record.state,
    series_id: seriesId,
    user_id: record.userId,
    occurred_at: record.occurredAtMs,
    received_at: record.receivedAtMs,
    requests: record.requests,
    input_tokens: record.totals.input,
    output_tokens: record.totals.output,
    cached_tokens: record.totals.cacheRead,
    cache_write_tokens: record.totals.cacheWrite,
    reasoning_tokens: record.totals.reasoning,
    cost_milli: record.costMilli,
    cost_pico: record.costPico,
    price_version_id: record.priceVersionId,
    rule_id: ruleId,
    unpriced_reason: record.unpricedReason,
    quantities: record.quantities,
    lines: record.lines,
    usage_status: record.usageStatus,
    is_error: record.isError,
    is_stream: record.isStream,
    latency_ms: record.latencyMs,
    source: record.source,
    fingerprint: record.fingerprint,
    raw_usage: record.rawUsage,
    metadata: record.metadata,
  };
}
