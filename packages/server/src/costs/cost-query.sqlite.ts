import type { CostRecord, UsageRecord } from "@llm-cost-ops/contract";
import { keptFrom } from "../retention/kept-from.sqlite.ts";
import { keptPart } from "../retention/kept-from.ts";
import { type SqliteThreads, type StoreThread, sqliteOperation } from "../sqlite/operation.ts";
import { readRecordId } from "../usage/record-id.ts";
import { type RecordRow, toCostRecord, toUsageRecord } from "../usage/record-row.ts";
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
import { readExtent, sumGroups, sumGroupsOfAll } from "./group-sums.sqlite.ts";
import type { ListedEntries } from "./list-order.ts";
import { readRows, selectIds } from "./record-list.sqlite.ts";
import { positionOf } from "./record-position.ts";
import { idBytes } from "./walk-costs.ts";

interface Asked<Question> {
  readonly organizationId: string;
  readonly question: Question;
}

const aggregate = sqliteOperation(
  "costs.aggregate",
  (store, { organizationId, question }: Asked<AggregateQuestion>): AggregateAnswer =>
    answerAggregate(sumGroups(store, organizationId, question), question),
);

const aggregateAll = sqliteOperation(
  "costs.aggregateAll",
  (store, { organizationId, question: questions }: Asked<readonly AggregateQuestion[]>): readonly AggregateAnswer[] => {
    const sums = sumGroupsOfAll(store, organizationId, questions);
    return questions.map((question, at) => answerAggregate(sums[at] ?? [], question));
  },
);

const summarize = sqliteOperation(
  "costs.summarize",
  (store, { organizationId, question }: Asked<SummaryQuestion>): SummaryAnswer =>
    answerSummary(sumGroupsOfAll(store, organizationId, summaryQuestions(question))),
);

const listCosts = sqliteOperation("costs.list", (store, asked: Asked<ListQuestion>) =>
  readPage(store, asked, "usage and cost", toCostRecord),
);

const listUsage = sqliteOperation("usage.list", (store, asked: Asked<ListQuestion>) =>
  readPage(store, asked, "usage", toUsageRecord),
);

const findCost = sqliteOperation(
  "costs.find",
  (store, { organizationId, question: id }: Asked<string>): CostRecord | undefined =>
    readRows(store, organizationId, [readRecordId(id).bytes]).map(toCostRecord)[0],
);

const sortedIds = sqliteOperation(
  "costs.sortedIds",
  (store, { organizationId, question }: Asked<ListQuestion>): Uint8Array =>
    Buffer.concat(selectIds(store, organizationId, ofKept(store, question), "usage and cost")),
);

const costsById = sqliteOperation(
  "costs.byId",
  (store, { organizationId, question: packed }: Asked<Uint8Array>): readonly CostRecord[] => {
    const ids = Array.from({ length: packed.length / idBytes }, (_, at) =>
      packed.subarray(at * idBytes, (at + 1) * idBytes),
    );
    return readRows(store, organizationId, ids).map(toCostRecord);
  },
);

const extent = sqliteOperation(
  "costs.extent",
  (store, { organizationId }: Asked<undefined>): RecordedExtent | undefined => readExtent(store, organizationId),
);

const ofKept = (store: StoreThread, question: ListQuestion): ListQuestion => ({
  ...question,
  period: keptPart(question.period, keptFrom(store)),
});

/** One record more than asked for is looked for, to know whether the page is the last. */
function readPage<Item>(
  store: StoreThread,
  { organizationId, question }: Asked<ListQuestion>,
  entries: ListedEntries,
  toWire: (row: RecordRow) => Item,
): ListPage<Item> {
  const asked = ofKept(store, { ...question, limit: question.limit + 1 });
  const ids = selectIds(store, organizationId, asked, entries);
  const rows = readRows(store, organizationId, ids.slice(0, question.limit));
  const last = rows.at(-1);
  return {
    items: rows.map(toWire),
    ...(ids.length > question.limit && last !== undefined && { end: positionOf(last, question.order) }),
  };
}

/** For the store threads' registry. */
export const costQueryOperations = [
  aggregate,
  aggregateAll,
  summarize,
  listCosts,
  listUsage,
  findCost,
  sortedIds,
  costsById,
  extent,
] as const;

/** The embedded store's answers; every question is one read against one snapshot. */
export function sqliteCostQuery(threads: Pick<SqliteThreads, "read">): CostQuery {
  return {
    aggregate: (organizationId, question) => threads.read(aggregate, { organizationId, question }),
    aggregateAll: (organizationId, questions) => threads.read(aggregateAll, { organizationId, question: questions }),
    summarize: (organizationId, question) => threads.read(summarize, { organizationId, question }),
    listCosts: (organizationId, question) => threads.read(listCosts, { organizationId, question }),
    listUsage: (organizationId, question): Promise<ListPage<UsageRecord>> =>
      threads.read(listUsage, { organizationId, question }),
    findCost: (organizationId, id) => threads.read(findCost, { organizationId, question: id }),
    sortedIds: (organizationId, question) => threads.read(sortedIds, { organizationId, question }),
    costsById: (organizationId, ids) => threads.read(costsById, { organizationId, question: ids }),
    extent: (organizationId) => threads.read(extent, { organizationId, question: undefined }),
  };
}
