import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

/** Callers that record usage without a pause. */
export interface SteadyWriter {
  /** Ids of the records that a server has acknowledged, in the order in which it did. */
  readonly acknowledged: readonly string[];
  /** Resolves once so many are acknowledged; rejects where a writer was refused. */
  reach(records: number): Promise<void>;
  stop(): Promise<void>;
}

const writersAtOnce = 3;
const batchRecords = 40;

export function writeSteadily(url: string, key: string): SteadyWriter {
  const acknowledged: string[] = [];
  let isWriting = true;
  const write = async (): Promise<void> => {
    while (isWriting) {
      const ids = Array.from({ length: batchRecords }, () => randomUUID());
      const call = { provider: "openai", model: "gpt-4o", input_tokens: 7, output_tokens: 3, user_id: "ana" };
      const answer = await fetch(`${url}/api/v1/usage/batch`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ records: ids.map((id) => ({ id, ...call })) }),
      });
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      acknowledged.push(...ids);
    }
  };
  const writers = Promise.all(Array.from({ length: writersAtOnce }, write));
  writers.catch(() => undefined);
  return {
    acknowledged,
    async reach(records) {
      while (acknowledged.length < records) await Promise.race([wait(10), writers]);
    },
    async stop() {
      isWriting = false;
      await writers;
    },
  };
}
