import type { Budget, CostFilters, CreateBudgetParams, Team } from "@llm-cost-ops/sdk";

export type Scope = Budget["scope"];
type ScopeInput = NonNullable<CreateBudgetParams["scope"]>;

/** What a budget or a rule may be about: one entry for each word, and the only place that names them. */
export const scopeDimensions = [
  { name: "projectId", label: "Project", plural: "Projects", groupBy: "project", takesMany: true },
  { name: "model", label: "Model", plural: "Models", groupBy: "model", takesMany: true },
  { name: "provider", label: "Provider", plural: "Providers", groupBy: "provider", takesMany: true },
  { name: "userId", label: "User", plural: "Users", groupBy: "user", takesMany: true },
  { name: "apiKeyId", label: "API key", plural: "API keys", groupBy: "apiKey", takesMany: true },
  {
    name: "tags",
    label: "Tag",
    plural: "Tags",
    groupBy: undefined,
    takesMany: true,
    hint: "key or key:value; all must hold",
  },
  { name: "team", label: "Team", plural: "Team", groupBy: undefined, takesMany: false, hint: "its id or slug" },
] as const satisfies readonly {
  readonly name: keyof Scope;
  readonly label: string;
  readonly plural: string;
  /** The dimension of costs whose values are offered. */
  readonly groupBy: string | undefined;
  readonly takesMany: boolean;
  readonly hint?: string;
}[];

export type ScopeName = (typeof scopeDimensions)[number]["name"];

/** A scope as it is edited: a list for each word, empty where it is not named. */
export type ScopeDraft = { readonly [Name in ScopeName]: readonly string[] };

export const emptyScope = Object.fromEntries(scopeDimensions.map(({ name }) => [name, []])) as unknown as ScopeDraft;

export const scopeDraftOf = (scope: Scope): ScopeDraft =>
  Object.fromEntries(
    scopeDimensions.map(({ name }) => [name, scope[name] === undefined ? [] : [scope[name]].flat()]),
  ) as unknown as ScopeDraft;

export function scopeOfDraft(draft: ScopeDraft): ScopeInput {
  const named = scopeDimensions.flatMap(({ name, takesMany }) => {
    const values = draft[name];
    return values.length === 0 ? [] : [[name, takesMany ? values : values[0]]];
  });
  return Object.fromEntries(named) as ScopeInput;
}

/** A scope in a few words: `project support-assistant, model gpt-4o or gpt-4o-mini`. */
export function scopeText(scope: Scope | null, of: "organization" | "tenant" = "organization"): string {
  const parts = scopeDimensions.flatMap(({ name, label }) => {
    const values = scope?.[name] === undefined ? [] : [scope[name]].flat();
    if (values.length === 0) return [];
    const joined = values.slice(0, 3).join(name === "tags" ? " and " : " or ");
    const word = label === "API key" ? label : label.toLowerCase();
    return [`${word} ${joined}${values.length > 3 ? ` and ${values.length - 3} more` : ""}`];
  });
  return parts.length === 0 ? `the whole ${of}` : parts.join(", ");
}

/**
 * The filter of a question about costs that counts the same. A question knows no teams, so the projects of the team stand for
 * it; undefined where that one is not known, and null where no record can be in the scope.
 */
export function questionOf(scope: Scope, teams: readonly Team[] | undefined): CostFilters | null | undefined {
  // A budget over a tenant is in the tenant, as are the records that are asked about.
  const { team, tenantId: _, ...filter } = scope;
  if (team === undefined) return filter as CostFilters;
  const found = teams?.find(({ id, slug }) => id === team || slug === team);
  if (found === undefined) return undefined;
  const named = filter.projectId;
  const projectId = named === undefined ? found.projects : named.filter((project) => found.projects.includes(project));
  return projectId.length === 0 ? null : { ...(filter as CostFilters), projectId };
}
