import type { Alert, AlertRule } from "@llm-cost-ops/sdk";
import { writeState } from "../../url-state/fields.ts";
import type { Filters } from "../../url-state/filters.ts";
import { todayIn } from "../../url-state/period.ts";
import { type ExploreState, exploreFields } from "../explore/explore-state.ts";

/**
 * Where the calls are explored that an alert of a metric is about: those of the rule's scope, on the days of its value.
 * Undefined where the explorer cannot ask for them: of a budget, whose page shows them, and of a team, which is no filter.
 */
export function callsBehind(
  { period }: Pick<Alert, "period">,
  rule: Pick<AlertRule, "kind" | "metric" | "scope">,
  zone: string,
  nowMs: number,
): string | undefined {
  const { team, ...filters } = rule.scope ?? {};
  if (rule.kind !== "metric" || team !== undefined) return undefined;
  const endMs = period.to === null ? nowMs : Math.min(nowMs, Date.parse(period.to) - 1);
  const query = writeState<ExploreState>(exploreFields, "", {
    period: { from: todayIn(zone, Date.parse(period.from)), to: todayIn(zone, endMs) },
    ...(rule.metric === "unpriced_share" ? { m: "unpriced" } : {}),
    ...(rule.metric === "tokens" ? { m: "tokens" } : {}),
    ...(rule.metric === "cost_per_request" ? { m: "average" } : {}),
    f: Object.fromEntries(
      Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
    ) as Filters,
  });
  return `/explore?${query}`;
}
