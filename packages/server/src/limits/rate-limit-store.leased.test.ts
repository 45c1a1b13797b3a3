import { describeRateLimitStore } from "./rate-limit-store.contract.ts";
import type { SharedBuckets } from "./shared-buckets.ts";
import { leasing, modelBuckets } from "./shared-buckets-fixture.ts";

/** Trips take none to some turns, and take effect before, after or amid them. */
function inTurns(buckets: SharedBuckets): SharedBuckets {
  let trips = 0;
  return {
    ...buckets,
    lease: async (processId, asks) => {
      trips += 1;
      for (let turn = 0; turn < trips % 4; turn += 1) await new Promise(setImmediate);
      const answers = await buckets.lease(processId, asks);
      for (let turn = 0; turn < trips % 3; turn += 1) await new Promise(setImmediate);
      return answers;
    },
  };
}

describeRateLimitStore(
  "leases",
  leasing(async (clock) => inTurns(modelBuckets(clock))),
  {
    processesMax: 3,
    runs: 400,
  },
);
