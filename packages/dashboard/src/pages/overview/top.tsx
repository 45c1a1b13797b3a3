import type { AggregateResult } from "@llm-cost-ops/sdk";
import { Anchor, Stack, Text } from "@mantine/core";
import { type ReactNode, useMemo } from "react";
import { Link } from "wouter";
import { compareDecimals, pixels } from "../../format/decimal.ts";
import { formatMoneyExact, formatMoneyFixed } from "../../format/money.ts";
import { formatTokens } from "../../format/numbers.ts";
import { Answer, Loading, Panel } from "../../shell/states.tsx";
import type { Period, PeriodChoice } from "../../url-state/period.ts";
import { exploreAddress } from "../explore/explore-state.ts";
import { nameOf, standsForOthers } from "../explore/groups.ts";
import { useSums } from "./overview-questions.ts";

const topMax = 5;

/** What most was spent on, each leading to where it is looked into. */
export function Top(props: {
  title: string;
  /** As questions name it. */
  dimension: string;
  period: Period;
  choice: PeriodChoice;
  currency: string;
  aside?: ReactNode;
}) {
  const { title, dimension, period, choice, currency, aside } = props;
  const sums = useSums(period, [dimension], topMax);
  return (
    <Panel title={title} aside={aside}>
      <Answer of={sums} rows={topMax}>
        {(result) =>
          // The last answer stays while the next question is under way, and may be of another tag.
          result.groupBy.includes(dimension) ? (
            <Ranking rows={result.data} dimension={dimension} choice={choice} currency={currency} />
          ) : (
            <Loading rows={topMax} />
          )
        }
      </Answer>
    </Panel>
  );
}

function Ranking({
  rows,
  dimension,
  choice,
  currency,
}: {
  rows: AggregateResult["data"];
  dimension: string;
  choice: PeriodChoice;
  currency: string;
}) {
  const { ranked, total } = useMemo(() => {
    const ours = rows.filter((row) => row.currency === currency);
    const sorted = ours
      .filter((row) => !standsForOthers(row))
      .toSorted((a, b) => compareDecimals(b.totalCostExact ?? "0", a.totalCostExact ?? "0"));
    return { ranked: sorted.slice(0, topMax), total: ours.reduce((sum, row) => sum + pixels(row.totalCostExact), 0) };
  }, [rows, currency]);
  if (ranked.length === 0) return <Text c="dimmed">Nothing was spent in this period.</Text>;
  return (
    <Stack gap={2} component="ol" style={{ listStyle: "none", margin: 0, padding: 0 }}>
      {ranked.map((row) => {
        const name = nameOf(row[dimension]);
        const value = (row[dimension] ?? null) as string | null;
        const part = total > 0 ? Math.max(0, pixels(row.totalCostExact) / total) : 0;
        return (
          <li key={value === null ? "-" : `=${value}`} className="rank">
            <span className="rank-bar" style={{ width: `${(part * 100).toFixed(2)}%` }} />
            <Text className="clip" title={name} size="sm">
              {value === null ? (
                name
              ) : (
                <Anchor
                  component={Link}
                  href={exploreAddress([{ dimension, value }], { period: choice, cur: currency })}
                  c="inherit"
                  inherit
                >
                  <bdi>{name}</bdi>
                </Anchor>
              )}
            </Text>
            <Text size="xs" c="dimmed" className="amount rank-calls">
              {formatTokens(row.totalRequests)} {row.totalRequests === 1 ? "call" : "calls"}
            </Text>
            <Text size="sm" className="amount" title={formatMoneyExact(row.totalCostExact, currency)}>
              {formatMoneyFixed(row.totalCostExact, currency)}
            </Text>
          </li>
        );
      })}
    </Stack>
  );
}
