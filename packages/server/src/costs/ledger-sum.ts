import { keepMonths } from "../postgres/keep-months.ts";
import { threadBehind } from "../sqlite/store-connection.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { AggregateQuestion } from "./cost-query.ts";
import { sumGroups } from "./group-sums.postgres.ts";
import { sumUnit } from "./unit-sum.sqlite.ts";
import { type SummedUnit, unitOf } from "./unit-sum.ts";

/**
 * What `CostQuery.aggregate` sums in one unit, within an operation that writes: to the digit the same, of all that was
 * committed before it is called. What is committed while it is under way may count or not. Refuses with COST_002 as that
 * does.
 */
export async function sumLedger(
  connection: StoreConnection,
  organizationId: string,
  question: Omit<AggregateQuestion, "groupBy" | "metrics">,
  unit: SummedUnit,
): Promise<bigint> {
  if (connection.dialect === "sqlite") return sumUnit(threadBehind(connection), organizationId, question, unit);
  await connection.all(keepMonths);
  const grouped = { ...question, groupBy: [] };
  return unitOf(await sumGroups(connection, organizationId, grouped, "statement by statement"), unit);
}
