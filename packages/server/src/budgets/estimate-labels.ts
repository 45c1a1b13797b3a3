import type { Budget, BudgetScope } from "@llm-cost-ops/contract";
import { holdsTag, tagCandidates } from "../costs/tag-term.ts";
import { unknownName } from "../usage/record-row.ts";

/** What is known of a call before it is made, in the words of the ledger's records. */
export interface EstimateLabels {
  /** Canonical. */
  readonly provider: string | null;
  /** As sent. */
  readonly model: string | null;
  readonly projectId: string | null;
  readonly userId: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** As sent. */
  readonly serviceTier: string | null;
}

/** Whether a budget counts the record that such a call leaves, recorded by that API key; null is none. */
export function countsEstimate(
  { scope, teamProjects }: { readonly scope: BudgetScope; readonly teamProjects: readonly string[] | undefined },
  { provider, model, projectId, userId, tags }: EstimateLabels,
  resolvedModel: string | null,
  apiKeyId: string | null,
): boolean {
  const isAny = (values: readonly string[] | undefined, ...own: readonly (string | null)[]): boolean =>
    values === undefined || own.some((value) => value !== null && values.includes(value));
  return (
    // What names none is recorded under this name.
    isAny(scope.provider, provider ?? unknownName) &&
    isAny(scope.model, model ?? unknownName, resolvedModel) &&
    isAny(scope.project_id, projectId) &&
    isAny(teamProjects, projectId) &&
    isAny(scope.user_id, userId) &&
    isAny(scope.api_key_id, apiKeyId) &&
    (scope.tags ?? []).every((term) => holdsTag(tags, tagCandidates(term)))
  );
}

/** Whether it takes the price book to tell that a budget counts a call, or as what: the model goes by several names. */
export function dependsOnNames({ scope, per }: Pick<Budget, "scope" | "per">, provider: string | undefined): boolean {
  if (scope.model !== undefined) return true;
  return provider === undefined && (scope.provider !== undefined || per === "provider");
}
