import { keepMonths } from "../postgres/keep-months.ts";
import { threadBehind } from "../sqlite/store-connection.ts";
import type { StoreConnection } from "../store/connection.ts";
import { answerAggregate } from "./aggregate.ts";
import type { AggregateAnswer, AggregateQuestion } from "./cost-query.ts";
import { sumGroups as sumOnPostgres } from "./group-sums.postgres.ts";
import { sumGroups as sumOnSqlite } from "./group-sums.sqlite.ts";

/**
 * What `CostQuery.aggregate` answers, within an operation that writes: to the digit the same, of all that was committed
 * before it is called. What is committed while it is under way may count or not.
 */
export async function totalLedger(
  connection: StoreConnection,
  organizationId: string,
  question: AggregateQuestion,
): Promise<AggregateAnswer> {
  if (connection.dialect === "sqlite") {
    return answerAggregate(sumOnSqlite(threadBehind(connection), organizationId, question), question);
  }
  await connection.all(keepMonths);
  return answerAggregate(await sumOnPostgres(connection, organizationId, question, "statement by statement"), question);
}
