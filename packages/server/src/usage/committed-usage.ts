import type { SeriesDimensions } from "./interning.ts";
import type { CommittedModel, CommittedUsage } from "./ledger-observer.ts";
import type { PreparedRecord } from "./prepare-record.ts";
import type { RecordOutcome } from "./record-outcome.ts";

/** The topic under which the writer tells of each committed transaction; its value is a `CommittedUsage`. */
export const usageCommitted = "usage.committed";

const picoPerMilli = 1_000_000_000n;

interface Limbs {
  milli: number;
  pico: number;
}

interface Gained {
  readonly provider: string;
  readonly model: string;
  succeeded: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  readonly costs: Map<string, Limbs>;
  readonly latenciesMs: number[];
}

/** Sums up what one transaction commits, as it becomes known. Sums of tokens are for metrics, which count in floats. */
export class CommittedSums {
  readonly #counts = { recorded: 0, duplicate: 0, rejected: 0 };
  readonly #models = new Map<string, Gained>();
  /** The same by the very object, which many records share: no text is put together for them. */
  readonly #bySeries = new Map<SeriesDimensions, Gained>();

  add(outcome: RecordOutcome): void {
    this.#counts[outcome.kind] += 1;
    if (outcome.kind !== "recorded") return;
    const { record } = outcome;
    let gained = this.#bySeries.get(record.series);
    if (gained === undefined) {
      gained = gainedOf(this.#models, record.series);
      this.#bySeries.set(record.series, gained);
    }
    add(gained, record);
  }

  total(durationMs: number, organizations: readonly string[]): CommittedUsage {
    return { durationMs, organizations, ...this.#counts, models: [...this.#models.values()].map(toCommittedModel) };
  }
}

/** The same of a transaction whose outcomes, body by body, are all known. */
export function committedUsage(
  outcomes: readonly (readonly RecordOutcome[])[],
  durationMs: number,
  organizations: readonly string[],
): CommittedUsage {
  const sums = new CommittedSums();
  for (const ofBody of outcomes) for (const outcome of ofBody) sums.add(outcome);
  return sums.total(durationMs, organizations);
}

function gainedOf(models: Map<string, Gained>, { provider, model }: SeriesDimensions): Gained {
  const key = `${provider}\n${model}`;
  let gained = models.get(key);
  if (gained === undefined) {
    gained = {
      provider,
      model,
      succeeded: 0,
      failed: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      costs: new Map(),
      latenciesMs: [],
    };
    models.set(key, gained);
  }
  return gained;
}

function add(gained: Gained, record: PreparedRecord): void {
  const { currency } = record.series;
  if (record.isError === 1) gained.failed += 1;
  else gained.succeeded += 1;
  const { totals } = record;
  gained.inputTokens += totals.input;
  gained.outputTokens += totals.output;
  gained.cachedTokens += totals.cacheRead;
  gained.cacheWriteTokens += totals.cacheWrite;
  gained.reasoningTokens += totals.reasoning;
  if (record.latencyMs !== null) gained.latenciesMs.push(record.latencyMs);
  if (record.costMilli === null || currency === null) return;
  const cost = gained.costs.get(currency);
  if (cost === undefined) gained.costs.set(currency, { milli: record.costMilli, pico: record.costPico ?? 0 });
  else {
    cost.milli += record.costMilli;
    cost.pico += record.costPico ?? 0;
  }
}

const toCommittedModel = ({ costs, ...gained }: Gained): CommittedModel => ({
  ...gained,
  costs: [...costs].map(([currency, { milli, pico }]) => ({
    currency,
    amount: BigInt(milli) * picoPerMilli + BigInt(pico),
  })),
});
