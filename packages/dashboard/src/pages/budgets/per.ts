import type { Budget, CostFilters, Team } from "@llm-cost-ops/sdk";
import { type Fields, flagField } from "../../url-state/fields.ts";

/** What a budget can have an amount for each value of, beside a tag. */
export const perDimensions = [
  { name: "user", label: "User", word: "user" },
  { name: "project", label: "Project", word: "project" },
  { name: "team", label: "Team", word: "team" },
  { name: "api_key", label: "API key", word: "API key" },
  { name: "model", label: "Model", word: "model" },
  { name: "provider", label: "Provider", word: "provider" },
] as const;

export const tagPrefix = "tag:";

/** What one value is of, in the middle of a sentence: `user`, `tag session`. */
export const perWord = (per: string): string =>
  per.startsWith(tagPrefix)
    ? `tag ${per.slice(tagPrefix.length)}`
    : (perDimensions.find(({ name }) => name === per)?.word ?? per);

/** `each user`, `each value of tag session`. */
export const eachText = (per: string): string =>
  per.startsWith(tagPrefix) ? `each value of ${perWord(per)}` : `each ${perWord(per)}`;

/** Whose a figure is: `user ada`, or what names none. */
export const whoseText = (per: string, value: string | null): string =>
  value === null ? `calls without a ${perWord(per)}` : `${perWord(per)} ${value === "" ? "(empty)" : value}`;

/** Which value is looked at, in the address. Empty is a value too, of a tag, so it is not what absence means. */
export const valueFields: Fields<{ readonly value: string | null; readonly none: boolean }> = {
  value: { read: (text) => text, write: (value) => value },
  none: flagField(false),
};

/** Which value is meant; of neither the one that used most. */
export interface Picked {
  readonly value?: string;
  readonly withoutValue?: true;
}

export function pickedOf(per: string | null, state: { readonly value: string | null; readonly none: boolean }): Picked {
  if (per === null) return {};
  if (state.none) return { withoutValue: true };
  return state.value === null ? {} : { value: state.value };
}

/** The question about costs that counts one value. */
export interface ValueQuestion {
  /** Null where no record can be meant. */
  readonly filters: CostFilters | null;
  /** A model counts by the name that was sent, while a filter takes the resolved one as well. */
  readonly sentModel?: string;
}

/** Undefined where no question is about this value alone, or the teams are not known. */
export function questionOfValue(
  { per }: Pick<Budget, "per">,
  value: string | null,
  filters: CostFilters | null,
  teams: readonly Team[] | undefined,
): ValueQuestion | undefined {
  if (per === null || filters === null) return { filters };
  if (value === null) return undefined;
  if (per.startsWith(tagPrefix)) {
    const key = per.slice(tagPrefix.length);
    // A term ends its key at the first of these.
    if (/[:=]/.test(key)) return undefined;
    return { filters: { ...filters, tags: [...((filters.tags ?? []) as readonly string[]), `${key}:${value}`] } };
  }
  switch (per) {
    case "user":
      return { filters: { ...filters, userId: [value] } };
    case "project":
      return { filters: { ...filters, projectId: [value] } };
    case "api_key":
      return { filters: { ...filters, apiKeyId: [value] } };
    case "provider":
      return { filters: { ...filters, provider: [value] } as CostFilters };
    case "model":
      return { filters: { ...filters, model: [value] }, sentModel: value };
    case "team": {
      const team = teams?.find(({ id, slug }) => id === value || slug === value);
      if (team === undefined) return undefined;
      const named = filters.projectId === undefined ? undefined : [filters.projectId].flat();
      const projectId = named === undefined ? team.projects : named.filter((one) => team.projects.includes(one));
      return { filters: projectId.length === 0 ? null : { ...filters, projectId } };
    }
    default:
      return undefined;
  }
}
