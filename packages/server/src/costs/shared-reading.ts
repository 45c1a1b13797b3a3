import { limits } from "@llm-cost-ops/contract/limits";
import type { SummedRow } from "./answer-rows.ts";
import type { GroupCollector } from "./group-collector.ts";
import type { GroupQuestion, SumPlan } from "./group-sums.ts";
import { tooManyGroupsTogether } from "./time-buckets.ts";

/** What is read once for all questions that it answers: those about the same records that tell no more apart. */
export interface Reading {
  readonly question: GroupQuestion;
  readonly plan: SumPlan;
  /** What was collected, as the rows of each of the questions, by their places; made one after the other. */
  answers(collector: GroupCollector): Iterable<readonly [at: number, rows: readonly SummedRow[]]>;
}

interface Planned {
  readonly at: number;
  readonly question: GroupQuestion;
  readonly plan: SumPlan;
}

/**
 * The readings that several questions need. The parts of a page are mostly about the same records, once by group and once
 * over time, and reading is most of the work of each: what tells less apart is added up from the sums of what tells more.
 */
export function readingsOf(
  questions: readonly GroupQuestion[],
  planOf: (question: GroupQuestion) => SumPlan | undefined,
): readonly Reading[] {
  const planned = questions.flatMap((question, at): Planned[] => {
    const plan = planOf(question);
    return plan === undefined ? [] : [{ at, question, plan }];
  });
  const ofSameRecords = Map.groupBy(planned, ({ question: { period, filter } }) => JSON.stringify([period, filter]));
  return [...ofSameRecords.values()].flatMap((some) => {
    const finestFirst = some.toSorted((a, b) => b.question.groupBy.length - a.question.groupBy.length);
    const readings: { readonly finest: Planned; readonly answered: Planned[] }[] = [];
    for (const one of finestFirst) {
      const known = readings.find(({ finest }) => isFiner(finest.question, one.question));
      if (known === undefined) readings.push({ finest: one, answered: [one] });
      else known.answered.push(one);
    }
    return readings.map(({ finest, answered }) => ({
      question: finest.question,
      plan: finest.plan,
      *answers(collector) {
        for (const { at, plan } of answered) {
          yield [at, plan.rows(plan === finest.plan ? collector : added(plan, finest.plan, collector))] as const;
        }
      },
    }));
  });
}

/**
 * The rows of several questions, in their order; of one that nothing was read for there are none. Refuses with
 * VALIDATION_ERROR more rows together than a single answer may have, before all of them are made.
 */
export class SumsTogether {
  readonly found: (readonly SummedRow[])[];
  #rows = 0;

  constructor(questions: number) {
    this.found = Array.from({ length: questions }, () => []);
  }

  add(reading: Reading, collector: GroupCollector): void {
    for (const [at, rows] of reading.answers(collector)) {
      this.#rows += rows.length;
      if (this.#rows > limits.groupRows) throw tooManyGroupsTogether();
      this.found[at] = rows;
    }
  }
}

const isFiner = (one: GroupQuestion, than: GroupQuestion): boolean =>
  than.groupBy.every((name) => one.groupBy.includes(name));

/** What was collected by a finer plan in the groups and times of a coarser one. */
function added(coarse: SumPlan, fine: SumPlan, collector: GroupCollector): GroupCollector {
  const groups = new Int32Array(fine.series.groups.length).fill(-1);
  for (const [series, group] of fine.series.groupOfSeries.entries()) {
    if (group !== -1) groups[group] = coarse.series.groupOfSeries[series] ?? -1;
  }
  let place = 0;
  const buckets = fine.bounds.map((startMs) => {
    if ((coarse.bounds[place + 1] ?? Number.POSITIVE_INFINITY) <= startMs) place += 1;
    return place;
  });
  const sums = coarse.collector();
  for (const { slot, group, bucket, user } of collector.rows()) {
    sums.sums.addSlot(sums.slotOf(groups[group] ?? -1, buckets[bucket] ?? 0, user), collector.sums, slot);
  }
  return sums;
}
