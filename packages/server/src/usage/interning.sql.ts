import type { StoreConnection } from "../store/connection.ts";
import {
  isSilent,
  keyHash,
  keyWithin,
  type RuleTexts,
  rulesTable,
  type SeriesDimensions,
  type SharedTable,
  seriesTable,
} from "./interning.ts";

/**
 * The numbers of series and rules in one write transaction, which must be its organization's: writes of one organization
 * happen one after the other, so the next number is free. It knows what the transaction asked before and ends with it,
 * so a number that is rolled back is never used again.
 */
export interface TransactionInterning {
  seriesId(of: SeriesDimensions): Promise<number>;
  /** Null where there is nothing to say. */
  ruleId(texts: RuleTexts): Promise<number | null>;
}

export function createInterning(connection: StoreConnection): TransactionInterning {
  const seriesIds = new Map<string, number>();
  const ruleIds = new Map<string, number>();
  return {
    seriesId: async (of) => numberOf(connection, seriesTable, of, seriesIds),
    ruleId: async (texts) => (isSilent(texts) ? null : numberOf(connection, rulesTable, texts, ruleIds)),
  };
}

async function numberOf<T extends { readonly organizationId: string }>(
  connection: StoreConnection,
  { table, id, columns, valuesOf, keyOf }: SharedTable<T>,
  of: T,
  known: Map<string, number>,
): Promise<number> {
  const { organizationId } = of;
  const values = valuesOf(of);
  const ownKey = keyOf(values);
  const key = keyWithin(organizationId, ownKey);
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const hash = keyHash(ownKey);
  const stored = await connection.get<{ readonly id: number }>(
    `SELECT ${id} AS id FROM ${table} WHERE organization_id = ? AND key_hash = ?`,
    organizationId,
    hash,
  );
  const number = stored?.id ?? (await nextNumber(connection, table, id, organizationId));
  if (stored === undefined) {
    const names = ["organization_id", id, "key_hash", ...columns];
    await connection.run(
      `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
      organizationId,
      number,
      hash,
      ...values,
    );
  }
  known.set(key, number);
  return number;
}

async function nextNumber(
  connection: StoreConnection,
  table: string,
  id: string,
  organizationId: string,
): Promise<number> {
  const row = await connection.get<{ readonly next: number }>(
    `SELECT coalesce(max(${id}), 0) + 1 AS next FROM ${table} WHERE organization_id = ?`,
    organizationId,
  );
  return row?.next ?? 1;
}
