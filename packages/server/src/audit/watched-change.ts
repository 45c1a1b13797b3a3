import { invariant } from "../refusal.ts";
import type { SqlValue, StoreConnection } from "../store/connection.ts";
import type { StoreOperation } from "../store/operation.ts";
import type { Actor } from "./actor.ts";

const changes = /^\s*(?:WITH\b.*\b)?(?:INSERT|UPDATE|DELETE)\b/is;
const entries = /^\s*INSERT INTO audit_entries\b/i;

/**
 * Runs an operation with its actor. One that says that it leaves entries in the audit trail, changed something and left
 * none is a defect: it throws, and takes the change back with it.
 */
export async function runWithActor<Args, Result>(
  operation: Pick<StoreOperation<Args, Result>, "name" | "audit" | "run">,
  connection: StoreConnection,
  args: Args,
  actor: Actor | undefined,
): Promise<Result> {
  if (operation.audit !== "recorded") return operation.run(connection, args);
  const seen = { changed: false, recorded: false };
  const note = (sql: string, rows: number): void => {
    if (rows === 0 || !changes.test(sql)) return;
    if (entries.test(sql)) seen.recorded = true;
    else seen.changed = true;
  };
  const watched: StoreConnection = {
    ...connection,
    actor,
    all: async <Row>(sql: string, ...values: readonly SqlValue[]) => {
      const rows = await connection.all<Row>(sql, ...values);
      note(sql, rows.length);
      return rows;
    },
    get: async <Row>(sql: string, ...values: readonly SqlValue[]) => {
      const row = await connection.get<Row>(sql, ...values);
      note(sql, row === undefined ? 0 : 1);
      return row;
    },
    run: async (sql, ...values) => {
      const count = await connection.run(sql, ...values);
      note(sql, count);
      return count;
    },
  };
  const result = await operation.run(watched, args);
  invariant(seen.recorded || !seen.changed, `${operation.name} changed something and left no audit entry`);
  return result;
}
