import { invariant } from "../refusal.ts";
import type { StoreThread } from "../sqlite/operation.ts";
import type { AppliedCorrection, CorrectionInput, RatingSelection, StoredUsage } from "./corrections.ts";

/** Appends corrections and moves rollups in the caller's transaction. */
export function applyCorrections(
  store: StoreThread,
  organizationId: string,
  corrections: readonly CorrectionInput[],
): void {
  invariant(corrections.length === 0, `${organizationId}: ${store.now()}`);
}

/** The stored records of a selection, in a stable order, at most `limit`; read on with the last one's cursor. */
export function loadForRating(
  _store: StoreThread,
  _organizationId: string,
  _selection: RatingSelection,
): readonly StoredUsage[] {
  return [];
}

/** What a repricing appended and nothing has undone, in a stable order. */
export function loadAppliedCorrections(
  _store: StoreThread,
  _organizationId: string,
  _repricingId: string,
  _page: { readonly after?: AppliedCorrection["cursor"]; readonly limit: number },
): readonly AppliedCorrection[] {
  return [];
}
