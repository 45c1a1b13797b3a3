import type { ReservationInput } from "@llm-cost-ops/contract";
import type { RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import { placeWithin } from "../usage/place-within.ts";
import { LabelProblem, readTags } from "../usage/read-labels.ts";
import { UsageDraft } from "../usage/usage-draft.ts";
import type { EstimateLabels } from "./estimate-labels.ts";

/**
 * The labels of an estimate as its record will have them. Who is limited to a part of the records reserves within it, by
 * the rules by which they record.
 */
export function readEstimateLabels(input: ReservationInput, within: RecordScope | undefined): EstimateLabels {
  const draft = new UsageDraft();
  draft.projectId = input.project_id ?? null;
  draft.userId = input.user_id ?? null;
  const misplaced = within && placeWithin(draft, within);
  if (misplaced !== undefined) {
    throw new Refusal(misplaced.code, `${misplaced.message}.`, {
      ...(misplaced.fieldErrors && { fieldErrors: { ...misplaced.fieldErrors } }),
    });
  }
  const tags = readTags(input.tags);
  if (tags instanceof LabelProblem) {
    throw new Refusal("VALIDATION_ERROR", `tags ${tags.text}.`, { fieldErrors: { tags: tags.text } });
  }
  const { projectId, userId } = draft;
  return {
    provider: null,
    model: null,
    projectId,
    userId,
    tags: JSON.parse(tags) as Record<string, string>,
    serviceTier: input.service_tier ?? null,
  };
}
