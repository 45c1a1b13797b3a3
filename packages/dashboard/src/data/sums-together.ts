import type { AggregateResult, BatchSums, CostFilters, CostOpsClient } from "@llm-cost-ops/sdk";
import { CostOpsError } from "@llm-cost-ops/sdk";
import { useMemo } from "react";
import { useSession } from "../session/session-context.tsx";

/** Which records are summed, and how. */
export type SumsQuestion = CostFilters & BatchSums;

export type AskSums = (question: SumsQuestion, options: { readonly signal: AbortSignal }) => Promise<AggregateResult>;

interface Waiting {
  readonly question: SumsQuestion;
  readonly signal: AbortSignal;
  readonly resolve: (sums: AggregateResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sums that the parts of a page ask for at the same moment go to the server as one request, for it reads the same records
 * once. Where that is refused each is asked for by itself, so that one that cannot be answered takes no other answer away.
 */
export function sumsTogether({ costs }: Pick<CostOpsClient, "costs">): AskSums {
  let waiting: Waiting[] = [];

  const askAlone = ({ question, signal, resolve, reject }: Waiting): void => {
    costs.aggregate(question, { signal }).then(resolve, reject);
  };
  const ask = async (some: readonly Waiting[]): Promise<void> => {
    try {
      const filters = some.map(({ question }) => question);
      const answers = await costs.batchQuery({ filters }, { signal: allOf(some.map(({ signal }) => signal)) });
      for (const [at, { resolve }] of some.entries()) resolve(answers[at] as AggregateResult);
    } catch (error) {
      for (const one of some) isRefusal(error) ? askAlone(one) : one.reject(error);
    }
  };

  return (question, { signal }) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) {
        queueMicrotask(() => {
          const [first, ...others] = waiting;
          if (first !== undefined) others.length === 0 ? askAlone(first) : void ask([first, ...others]);
          waiting = [];
        });
      }
      waiting.push({ question, signal, resolve, reject });
    });
}

export function useSumsTogether(): AskSums {
  const { client } = useSession();
  return useMemo(() => sumsTogether(client), [client]);
}

/** Whether another question may be answered; of too many requests more would be one the more. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CostOpsError && error.statusCode !== 429 && Math.trunc((error.statusCode ?? 0) / 100) === 4;

/** Aborted when all of them are: as long as somebody waits the answer is wanted. */
function allOf(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController();
  const look = (): void => {
    if (signals.every(({ aborted }) => aborted)) all.abort();
  };
  for (const signal of signals) signal.addEventListener("abort", look, { once: true });
  look();
  return all.signal;
}
