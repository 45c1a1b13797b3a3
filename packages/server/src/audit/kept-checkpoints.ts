import type { AuditCheckpoint } from "@llm-cost-ops/contract";
import type { Store } from "../store/operation.ts";
import { checkpointToWire } from "./audit-text.ts";
import { listUnsignedTrails } from "./checkpoints.sql.ts";
import type { AuditTrail } from "./trail.ts";

export interface KeptCheckpoints {
  start(): void;
  /** Signs every trail that has grown since its last checkpoint. */
  round(): Promise<void>;
  /** Lets a round under way end. */
  stop(): Promise<void>;
}

const everyMs = 3_600_000;

/**
 * Signs what is new in the trails, once an hour, and tells it: the log of a server usually goes where nobody who owns the
 * database can reach, so that it holds what shows a trail that was cut or rewritten.
 */
export function keepCheckpoints(parts: {
  readonly store: Store;
  readonly trail: Pick<AuditTrail, "checkpoint">;
  readonly onKept: (checkpoint: AuditCheckpoint) => void;
  readonly onFailure: (error: unknown) => void;
}): KeptCheckpoints {
  const { store, trail, onKept, onFailure } = parts;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const round = async (): Promise<void> => {
    for (const organizationId of await store.run(listUnsignedTrails, {})) {
      onKept(checkpointToWire(await trail.checkpoint(organizationId)));
    }
  };
  return {
    round,
    start() {
      timer = setInterval(() => {
        running ??= round()
          .catch(onFailure)
          .finally(() => {
            running = undefined;
          });
      }, everyMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
