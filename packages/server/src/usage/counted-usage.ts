import type { LimitWindow } from "@llm-cost-ops/contract";
import { limitWindows } from "@llm-cost-ops/contract/limits";
import { windowMs } from "../limits/quantity-windows.ts";
import type { PreparedRecord } from "./prepare-record.ts";

/** What a body's records come to that were recorded while they were younger than a window is long. */
export type CountedUsage = Readonly<
  Record<LimitWindow, { readonly tokens: bigint; readonly costs: ReadonlyMap<string, bigint> }>
>;

const picosPerMilli = 1_000_000_000n;

/** Sums up input and output tokens and picos by currency, of records and not of corrections. */
export class UsageCounter {
  readonly #sums = {
    minute: { tokens: 0n, costs: new Map<string, bigint>() },
    hour: { tokens: 0n, costs: new Map<string, bigint>() },
    day: { tokens: 0n, costs: new Map<string, bigint>() },
  } satisfies CountedUsage;

  add({ totals, occurredAtMs, receivedAtMs, costMilli, costPico, series }: PreparedRecord): void {
    const ageMs = receivedAtMs - occurredAtMs;
    for (const window of limitWindows) {
      if (ageMs >= windowMs[window]) continue;
      const sums = this.#sums[window];
      sums.tokens += BigInt(totals.input) + BigInt(totals.output);
      const { currency } = series;
      if (costMilli === null || currency === null) continue;
      const picos = BigInt(costMilli) * picosPerMilli + BigInt(costPico ?? 0);
      sums.costs.set(currency, (sums.costs.get(currency) ?? 0n) + picos);
    }
  }

  total(): CountedUsage {
    return this.#sums;
  }
}
