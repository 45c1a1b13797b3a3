import type { JobHandler } from "../jobs/job.ts";
import { invariant } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import { priceWaitingKind } from "./price-changes.sql.ts";
import { priceWaiting, type WaitingStep } from "./price-waiting.sql.ts";
import { advanceStep, repriceKind } from "./repricing.sql.ts";

function repricingIdOf(payload: unknown): string {
  const id = typeof payload === "object" && payload !== null && "id" in payload ? payload.id : undefined;
  invariant(typeof id === "string", "a job to finish a repricing names it");
  return id;
}

/** The jobs of prices by kind: to price what waited for a price, and to finish repricings. Both may run more than once. */
export function pricingJobHandlers(store: Store): Readonly<Record<string, JobHandler>> {
  return {
    [priceWaitingKind]: async ({ organizationId }, signal) => {
      let step: WaitingStep = await store.run(priceWaiting, { organizationId });
      while (step.next !== undefined) {
        signal.throwIfAborted();
        step = await store.run(priceWaiting, { organizationId, after: step.next });
      }
    },
    [repriceKind]: async ({ organizationId, payload }, signal) => {
      const id = repricingIdOf(payload);
      for (;;) {
        const { finished } = await store.run(advanceStep, { organizationId, id });
        if (finished) return;
        signal.throwIfAborted();
      }
    },
  };
}
