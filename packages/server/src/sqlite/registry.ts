import { costQueryOperations } from "../costs/cost-query.sqlite.ts";
import { exportReads, exportWrites } from "../exports/exports.sqlite.ts";
import { apiKeyReads, apiKeyWrites } from "../identity/api-keys.sqlite.ts";
import { importReads, importWrites } from "../imports/imports.sqlite.ts";
import { jobWrites } from "../jobs/job-queue.sqlite.ts";
import { pricingReads, pricingWrites } from "../pricing/price-book.sqlite.ts";
import { appendUsage } from "../usage/append-usage.sqlite.ts";
import { usageReads, usageWrites } from "../usage/operations.sqlite.ts";
import type { SqliteGroupOperation, SqliteOperation } from "./operation.ts";

/** Any operation, whatever it takes and gives: arguments and results were checked where the operation is called. */
export type AnySqliteOperation = SqliteOperation<never, unknown>;

/** Operations that the writer thread runs, each in a transaction of its own. Every domain adds its list here. */
export const writeOperations: readonly AnySqliteOperation[] = [
  ...usageWrites,
  ...pricingWrites,
  ...jobWrites,
  ...exportWrites,
  ...importWrites,
  ...apiKeyWrites,
];

/** Operations that the reader thread runs. */
export const readOperations: readonly AnySqliteOperation[] = [
  ...usageReads,
  ...pricingReads,
  ...costQueryOperations,
  ...exportReads,
  ...importReads,
  ...apiKeyReads,
];

/** Operations whose waiting calls the writer thread runs together. */
export const groupOperations: readonly SqliteGroupOperation<never, unknown>[] = [appendUsage];

/** Operations that the preparer thread runs. */
export const prepareOperations: readonly AnySqliteOperation[] = groupOperations.flatMap(({ preparation }) =>
  preparation === undefined ? [] : [preparation.operation],
);

/** Operations by name. Two of one name are a mistake that must not start. */
export function operationsByName<Operation extends { readonly name: string }>(
  operations: readonly Operation[],
): ReadonlyMap<string, Operation> {
  const byName = new Map<string, Operation>();
  for (const operation of operations) {
    if (byName.has(operation.name)) throw new Error(`two operations are called ${operation.name}`);
    byName.set(operation.name, operation);
  }
  return byName;
}
