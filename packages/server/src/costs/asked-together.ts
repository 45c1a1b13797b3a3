import { Refusal } from "../refusal.ts";
import type { AggregateAnswer, AggregateQuestion, CostQuery } from "./cost-query.ts";

/** So many go to the ledger at once; more are several trips, one after the other. */
const togetherMax = 100;

interface Waiting {
  readonly organizationId: string;
  readonly question: AggregateQuestion;
  readonly resolve: (answer: AggregateAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A way to the ledger by which sums that are asked for in one turn of the event loop are asked for as one. Where that is
 * refused each is asked by itself, so that one that cannot be answered takes nobody else's answer away.
 */
export function askedTogether(query: CostQuery): CostQuery {
  let waiting: Waiting[] = [];

  const askEach = async (some: readonly Waiting[]): Promise<void> => {
    for (const { organizationId, question, resolve, reject } of some) {
      await query.aggregate(organizationId, question).then(resolve, reject);
    }
  };
  const ask = async (some: readonly Waiting[]): Promise<void> => {
    const [first] = some;
    if (first === undefined || some.length === 1) return askEach(some);
    const questions = some.map(({ question }) => question);
    try {
      const answers = await query.aggregateAll(first.organizationId, questions);
      for (const [at, { resolve }] of some.entries()) resolve(answers[at] as AggregateAnswer);
    } catch (error) {
      // A ledger that is away does not come back for being asked as often as there are questions.
      const isAway = error instanceof Refusal && error.code === "UNAVAILABLE";
      if (!isAway) return askEach(some);
      for (const { reject } of some) reject(error);
    }
  };
  const askAll = async (): Promise<void> => {
    const all = Map.groupBy(waiting, ({ organizationId }) => organizationId);
    waiting = [];
    for (const ofOne of all.values()) {
      for (let at = 0; at < ofOne.length; at += togetherMax) await ask(ofOne.slice(at, at + togetherMax));
    }
  };

  return {
    ...query,
    aggregate: (organizationId, question) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(() => void askAll());
        waiting.push({ organizationId, question, resolve, reject });
      }),
  };
}
