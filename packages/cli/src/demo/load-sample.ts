import type { UsageInput } from "@llm-cost-ops/contract";
import type { CostOpsClient, CreateUsageParams } from "@llm-cost-ops/sdk";
import { CommandError } from "../exit-codes.ts";

/** What loading came to. */
export interface Loaded {
  readonly records: number;
  readonly unpriced: number;
  readonly seconds: number;
}

const batchRecords = 2_000;

/** Sends records the way that everybody sends them, in batches; calls `onProgress` after each. */
export async function loadSample(
  client: CostOpsClient,
  records: Iterable<UsageInput>,
  signal: AbortSignal,
  onProgress: (records: number, lastAt: string) => void,
): Promise<Loaded> {
  const startedAtMs = performance.now();
  let sent = 0;
  let unpriced = 0;
  let batch: UsageInput[] = [];
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    // The wire's own spelling passes through the client as it is.
    const { summary } = await client.usage.batchCreate(batch as unknown as CreateUsageParams[], { signal });
    if (summary.rejected > 0) throw new CommandError(`${summary.rejected} sample records were rejected.`);
    sent += summary.recorded;
    unpriced += summary.unpriced;
    onProgress(sent, String(batch.at(-1)?.occurred_at ?? ""));
    batch = [];
  };
  for (const record of records) {
    batch.push(record);
    if (batch.length === batchRecords) await send();
  }
  await send();
  return { records: sent, unpriced, seconds: (performance.now() - startedAtMs) / 1_000 };
}
