import type { CostRecord, UsageRecord } from "@llm-cost-ops/contract";
import { keptPart, readKeptFrom } from "../retention/kept-from.ts";
import type { StoreConnection } from "../store/connection.ts";
import { type Store, type StoreOperation, storeRead } from "../store/operation.ts";
import { readRecordId } from "../usage/record-id.ts";
import { type RecordRow, toCostRecord, toUsageRecord } from "../usage/record-row.ts";
import { findPlaces, readRows } from "../usage/record-rows.postgres.ts";
import { answerAggregate, answerSummary, summaryQuestions } from "./aggregate.ts";
import type {
  AggregateAnswer,
  AggregateQuestion,
  CostQuery,
  ListPage,
  ListQuestion,
  RecordedExtent,
  SummaryAnswer,
  SummaryQuestion,
} from "./cost-query.ts";
import { readExtent, sumGroups, sumGroupsOfAll } from "./group-sums.postgres.ts";
import type { ListedEntries } from "./list-order.ts";
import { selectIds, selectPlaces } from "./record-list.postgres.ts";
import { positionOf } from "./record-position.ts";
import { idBytes } from "./walk-costs.ts";

interface Asked<Question> {
  readonly organizationId: string;
  readonly question: Question;
}

const aggregate = storeRead(
  "costs.aggregate",
  async (connection, { organizationId, question }: Asked<AggregateQuestion>): Promise<AggregateAnswer> =>
    answerAggregate(await sumGroups(connection, organizationId, question), question),
);

const aggregateAll = storeRead(
  "costs.aggregateAll",
  async (
    connection,
    { organizationId, question: questions }: Asked<readonly AggregateQuestion[]>,
  ): Promise<readonly AggregateAnswer[]> => {
    const sums = await sumGroupsOfAll(connection, organizationId, questions);
    return questions.map((question, at) => answerAggregate(sums[at] ?? [], question));
  },
);

const summarize = storeRead(
  "costs.summarize",
  async (connection, { organizationId, question }: Asked<SummaryQuestion>): Promise<SummaryAnswer> =>
    answerSummary(await sumGroupsOfAll(connection, organizationId, summaryQuestions(question))),
);

const listCosts = storeRead("costs.list", async (connection, asked: Asked<ListQuestion>) =>
  readPage(connection, asked, "usage and cost", toCostRecord),
);

const listUsage = storeRead("usage.list", async (connection, asked: Asked<ListQuestion>) =>
  readPage(connection, asked, "usage", toUsageRecord),
);

const findCost = storeRead(
  "costs.find",
  async (connection, { organizationId, question: id }: Asked<string>): Promise<CostRecord | undefined> => {
    const places = await keptPlaces(connection, organizationId, [readRecordId(id).bytes]);
    return (await readRows(connection, organizationId, places)).map(toCostRecord)[0];
  },
);

const sortedIds = storeRead("costs.sortedIds", async (connection, { organizationId, question }: Asked<ListQuestion>) =>
  selectIds(connection, organizationId, await ofKept(connection, question), "usage and cost"),
);

const costsById = storeRead(
  "costs.byId",
  async (connection, { organizationId, question: packed }: Asked<Uint8Array>): Promise<readonly CostRecord[]> => {
    const ids = Array.from({ length: packed.length / idBytes }, (_, at) =>
      packed.subarray(at * idBytes, (at + 1) * idBytes),
    );
    const places = await keptPlaces(connection, organizationId, ids);
    return (await readRows(connection, organizationId, places)).map(toCostRecord);
  },
);

const extent = storeRead(
  "costs.extent",
  async (connection, { organizationId }: Asked<undefined>): Promise<RecordedExtent | undefined> =>
    readExtent(connection, organizationId),
);

const ofKept = async (connection: StoreConnection, question: ListQuestion): Promise<ListQuestion> => ({
  ...question,
  period: keptPart(question.period, await readKeptFrom(connection)),
});

/** Where records lie that are kept; the keys of the others are there as well. */
async function keptPlaces(connection: StoreConnection, organizationId: string, ids: readonly Uint8Array[]) {
  const keptFromMs = await readKeptFrom(connection);
  return (await findPlaces(connection, organizationId, ids)).filter((place) => place.occurred_at >= keptFromMs);
}

/** One record more than asked for is looked for, to know whether the page is the last. */
async function readPage<Item>(
  connection: StoreConnection,
  { organizationId, question }: Asked<ListQuestion>,
  entries: ListedEntries,
  toWire: (row: RecordRow) => Item,
): Promise<ListPage<Item>> {
  const { limit, order } = question;
  const asked = await ofKept(connection, { ...question, limit: limit + 1 });
  const places = await selectPlaces(connection, organizationId, asked, entries);
  const rows = await readRows(connection, organizationId, places.slice(0, limit));
  const last = rows.at(-1);
  return {
    items: rows.map(toWire),
    ...(places.length > limit && last !== undefined && { end: positionOf(last, order) }),
  };
}

/** For whoever runs them by name. */
export const costQueryOperations: readonly StoreOperation<never, unknown>[] = [
  aggregate,
  aggregateAll,
  summarize,
  listCosts,
  listUsage,
  findCost,
  sortedIds,
  costsById,
  extent,
];

/** PostgreSQL's answers; every question is one transaction that sees one snapshot. */
export function postgresCostQuery(store: Store): CostQuery {
  return {
    aggregate: (organizationId, question, signal) =>
      store.run(aggregate, { organizationId, question }, undefined, signal),
    aggregateAll: (organizationId, questions, signal) =>
      store.run(aggregateAll, { organizationId, question: questions }, undefined, signal),
    summarize: (organizationId, question, signal) =>
      store.run(summarize, { organizationId, question }, undefined, signal),
    listCosts: (organizationId, question, signal) =>
      store.run(listCosts, { organizationId, question }, undefined, signal),
    listUsage: (organizationId, question, signal): Promise<ListPage<UsageRecord>> =>
      store.run(listUsage, { organizationId, question }, undefined, signal),
    findCost: (organizationId, id) => store.run(findCost, { organizationId, question: id }),
    sortedIds: (organizationId, question, signal) =>
      store.run(sortedIds, { organizationId, question }, undefined, signal),
    costsById: (organizationId, ids) => store.run(costsById, { organizationId, question: ids }),
    extent: (organizationId) => store.run(extent, { organizationId, question: undefined }),
  };
}
