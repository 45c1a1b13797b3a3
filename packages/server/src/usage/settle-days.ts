import type { Store } from "../store/operation.ts";
import { settleDays } from "./settle-days.sql.ts";

export interface SettledDays {
  start(): void;
  /** Settles every day before today that is open. */
  round(): Promise<void>;
  /** Lets the step under way end. */
  stop(): Promise<void>;
}

/** Days are written to after their end as well: by imports, by what comes late, by corrections. */
const everyMs = 600_000;
const firstMs = 2_000;
/** Between two steps others write. */
const apartMs = 20;

/** Keeps the days before today settled, step by step. */
export function keepDaysSettled(store: Store, onFailure: (error: unknown) => void): SettledDays {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = false;

  const round = async (): Promise<void> => {
    while (!isStopped && (await store.run(settleDays, {})) > 0) {
      await new Promise((resolve) => setTimeout(resolve, apartMs).unref());
    }
  };
  const wait = (ms: number): void => {
    timer = setTimeout(() => {
      running = round()
        .catch(onFailure)
        .finally(() => {
          running = undefined;
          if (!isStopped) wait(everyMs);
        });
    }, ms).unref();
  };
  return {
    round,
    start: () => wait(firstMs),
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
