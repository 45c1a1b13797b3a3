import { Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import {
  advanceStep,
  beginStep,
  type ExaminedPage,
  examinePage,
  getRepricing,
  listRepricings,
  type RepricingStep,
  savePreview,
} from "./repricing.sql.ts";
import { mergeGroups, mergeSkipped, type RepricedGroup, type RepricingScope, type Repricings } from "./repricing.ts";

/** A request waits this long for its repricing; then a job goes on with it. */
const waitMs = 110_000;
const previewAttempts = 3;

/** Repricing on any store: previews page by page, corrections batch by batch, so that others are served in between. */
export function createRepricings(store: Store, clock: () => number): Repricings {
  const examine = async (organizationId: string, scope: RepricingScope) => {
    const args = { organizationId, scope };
    let page: ExaminedPage = await store.run(examinePage, args);
    const { priceBookRevision } = page;
    let groups: readonly RepricedGroup[] = page.groups;
    let skipped = page.skipped;
    let examined = page.examined;
    while (page.next !== undefined && page.priceBookRevision === priceBookRevision) {
      page = await store.run(examinePage, { ...args, after: page.next });
      groups = mergeGroups([...groups, ...page.groups]);
      skipped = mergeSkipped([...skipped, ...page.skipped]);
      examined += page.examined;
    }
    return { examined, groups, skipped, priceBookRevision };
  };

  const take = async (organizationId: string, id: string, step: RepricingStep) => {
    await store.run(beginStep, { organizationId, id, step });
    const until = clock() + waitMs;
    let finished = false;
    while (!finished && clock() < until) {
      ({ finished } = await store.run(advanceStep, { organizationId, id }));
    }
    return await store.run(getRepricing, { organizationId, id });
  };

  return {
    async create(organizationId, scope, createdBy, reason) {
      for (let attempt = 1; attempt <= previewAttempts; attempt += 1) {
        const seen = await examine(organizationId, scope);
        const saved = await store.run(savePreview, { organizationId, scope, createdBy, reason, ...seen });
        if (saved !== undefined) return saved;
      }
      throw new Refusal("UNAVAILABLE", "Prices kept changing while the repricing was computed; try again.");
    },
    get: (organizationId, id) => store.run(getRepricing, { organizationId, id }),
    list: (organizationId, page) => store.run(listRepricings, { organizationId, ...page }),
    apply: (organizationId, id) => take(organizationId, id, "apply"),
    undo: (organizationId, id) => take(organizationId, id, "undo"),
  };
}
