import { Refusal } from "../refusal.ts";
import type { SqliteThreads } from "../sqlite/operation.ts";
import {
  advanceStep,
  beginStep,
  type ExaminedPage,
  examinePage,
  getRepricing,
  listRepricings,
  type RepricingStep,
  savePreview,
} from "./repricing.sqlite.ts";
import { mergeGroups, mergeSkipped, type RepricedGroup, type RepricingScope, type Repricings } from "./repricing.ts";

/** A request waits this long for its repricing; then a job goes on with it. */
const waitMs = 110_000;
const previewAttempts = 3;

/** Repricing on the embedded store: previews page by page on a reader thread, corrections batch by batch on the writer. */
export function createSqliteRepricings(threads: SqliteThreads, clock: () => number): Repricings {
  const examine = async (organizationId: string, scope: RepricingScope) => {
    const args = { organizationId, scope };
    let page: ExaminedPage = await threads.read(examinePage, args);
    const { priceBookRevision } = page;
    let groups: readonly RepricedGroup[] = page.groups;
    let skipped = page.skipped;
    let examined = page.examined;
    while (page.next !== undefined && page.priceBookRevision === priceBookRevision) {
      page = await threads.read(examinePage, { ...args, after: page.next });
      groups = mergeGroups([...groups, ...page.groups]);
      skipped = mergeSkipped([...skipped, ...page.skipped]);
      examined += page.examined;
    }
    return { examined, groups, skipped, priceBookRevision };
  };

  const take = async (organizationId: string, id: string, step: RepricingStep) => {
    await threads.write(beginStep, { organizationId, id, step });
    const until = clock() + waitMs;
    let finished = false;
    while (!finished && clock() < until) {
      ({ finished } = await threads.write(advanceStep, { organizationId, id }));
    }
    return await threads.read(getRepricing, { organizationId, id });
  };

  return {
    async create(organizationId, scope, createdBy, reason) {
      for (let attempt = 1; attempt <= previewAttempts; attempt += 1) {
        const seen = await examine(organizationId, scope);
        const saved = await threads.write(savePreview, { organizationId, scope, createdBy, reason, ...seen });
        if (saved !== undefined) return saved;
      }
      throw new Refusal("UNAVAILABLE", "Prices kept changing while the repricing was computed; try again.");
    },
    get: (organizationId, id) => threads.read(getRepricing, { organizationId, id }),
    list: (organizationId, page) => threads.read(listRepricings, { organizationId, ...page }),
    apply: (organizationId, id) => take(organizationId, id, "apply"),
    undo: (organizationId, id) => take(organizationId, id, "undo"),
  };
}
