import type { Budget } from "@llm-cost-ops/contract";
import type { SeriesTest } from "../costs/cost-filter.ts";
import { tagOf } from "../costs/series-catalogue.ts";
import { Refusal } from "../refusal.ts";
import { unknownName } from "../usage/record-row.ts";
import type { EstimateLabels } from "./estimate-labels.ts";

/**
 * What of a budget is meant, as the store names it: empty where the budget has one amount, else `=` and a value (of a team
 * its id, which outlives its slug), or `-` for what has no value.
 */
export type ValueKey = string;

export const wholeBudget: ValueKey = "";
export const withoutValue: ValueKey = "-";
export const keyOf = (value: string | null | undefined): ValueKey =>
  value === null || value === undefined ? withoutValue : `=${value}`;
const namedBy = (key: ValueKey): string | null => (key.startsWith("=") ? key.slice(1) : null);

/** A team with the projects that it has at the moment. */
export interface TeamOfBudget {
  readonly id: string;
  readonly slug: string;
  readonly projects: readonly string[];
}

/** A budget with what its values are found by. */
export interface ValuedBudget {
  readonly budget: Pick<Budget, "per">;
  /** All teams of the organization, where the amount is each team's. */
  readonly teams?: readonly TeamOfBudget[] | undefined;
}

/** A value as people call it; null where there is none. */
export function shownValue({ teams }: ValuedBudget, key: ValueKey): string | null {
  const value = namedBy(key);
  return teams?.find(({ id }) => id === value)?.slug ?? value;
}

const tagPrefix = "tag:";

/** What of a budget a call counts in, recorded by that API key. A project of several teams counts in each of these. */
export function keysOfCall(
  { budget: { per }, teams = [] }: ValuedBudget,
  { provider, model, projectId, userId, tags }: EstimateLabels,
  apiKeyId: string | null,
): readonly ValueKey[] {
  switch (per) {
    case null:
      return [wholeBudget];
    case "user":
      return [keyOf(userId)];
    case "project":
      return [keyOf(projectId)];
    case "team":
      return keysOfProject(teams, projectId);
    case "api_key":
      return [keyOf(apiKeyId)];
    // What names none is recorded under this name.
    case "model":
      return [keyOf(model ?? unknownName)];
    case "provider":
      return [keyOf(provider ?? unknownName)];
    default:
      return [keyOf(tagOf(tags, per.slice(tagPrefix.length)))];
  }
}

/** The teams of a project. */
export function keysOfProject(teams: readonly TeamOfBudget[], projectId: string | null): readonly ValueKey[] {
  const own = projectId === null ? [] : teams.filter(({ projects }) => projects.includes(projectId));
  return own.length === 0 ? [withoutValue] : own.map(({ id }) => keyOf(id));
}

/** What an approval lets through: the value that had no room and, of a project, all of its teams, as the call counts in each. */
export function approvedKeys(
  { budget: { per }, teams = [] }: ValuedBudget,
  { value, projectId }: { readonly value: ValueKey; readonly projectId: string | null },
): readonly ValueKey[] {
  return per === "team" ? [value, ...keysOfProject(teams, projectId)] : [value];
}

/** What narrows a budget's records to one of its values. */
export interface ValueFilter {
  readonly exactly?: SeriesTest;
  readonly userIds?: readonly string[];
  /** Only what has no user. */
  readonly ofNobody?: boolean;
}

const columns: Readonly<Record<string, SeriesTest["of"]>> = {
  project: "project_id",
  api_key: "api_key_id",
  model: "model",
  provider: "provider",
};

export function filterOf({ budget: { per }, teams = [] }: ValuedBudget, key: ValueKey): ValueFilter {
  if (per === null || key === wholeBudget) return {};
  const value = namedBy(key);
  if (per === "user") return value === null ? { ofNobody: true } : { userIds: [value] };
  if (per === "team") {
    const projects = teams.filter(({ id }) => value === null || id === value).flatMap((team) => team.projects);
    return { exactly: { of: "project_id", values: projects, isNot: value === null } };
  }
  return { exactly: { of: columns[per] ?? { tag: per.slice(tagPrefix.length) }, values: [value] } };
}

/** Refuses with VALIDATION_ERROR a budget that has none. */
export function requireValues({ budget: { per } }: ValuedBudget): void {
  if (per !== null) return;
  const text = "must name a budget with an amount for each value";
  throw new Refusal("VALIDATION_ERROR", `id ${text}.`, { fieldErrors: { id: text } });
}

/** Which value a request means; undefined where it names none. Refuses with VALIDATION_ERROR what is none of the budget. */
export function readValue(
  valued: ValuedBudget,
  {
    value,
    without_value: without = false,
  }: { readonly value?: string | undefined; readonly without_value?: boolean | undefined },
): ValueKey | undefined {
  if (value === undefined && !without) return undefined;
  const wrong = (text: string): Refusal => {
    const field = value === undefined ? "without_value" : "value";
    return new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });
  };
  const { per } = valued.budget;
  if (per === null) throw wrong("cannot be named: the budget has one amount");
  if (value === undefined) return withoutValue;
  if (per !== "team") return keyOf(value);
  const team = valued.teams?.find(({ id, slug }) => id === value || slug === value);
  if (team === undefined) throw wrong("names no team of the organization");
  return keyOf(team.id);
}
