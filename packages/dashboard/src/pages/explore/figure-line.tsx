import { Skeleton, Text, Tooltip } from "@mantine/core";
import { memo } from "react";
import { formatMoney, formatMoneyExact } from "../../format/money.ts";
import { formatChange, formatCount, formatTokens } from "../../format/numbers.ts";
import type { GroupSums } from "./explore-questions.ts";
import { type Measure, measures, totalOf, writingOf } from "./measures.ts";

const always = ["cost", "requests", "average", "tokens", "unpriced"] as const;

/** What everything that is asked about comes to. The measure of the picture stands first. */
export const FigureLine = memo(function FigureLine(props: {
  readonly groups: GroupSums | undefined;
  readonly measure: Measure;
  readonly currency: string;
}) {
  const { groups, measure, currency } = props;
  const others = always.filter((id) => id !== measure.id).map((id) => measures[id]);
  const elsewhere = (groups?.now.totals ?? []).filter((each) => each.currency !== null && each.currency !== currency);
  return (
    <dl className="figure-line panel" aria-label="Totals">
      <Figure measure={measure} groups={groups} currency={currency} isMain />
      {others.map((each) => (
        <Figure key={each.id} measure={each} groups={groups} currency={currency} />
      ))}
      {elsewhere.map((each) => (
        <div key={each.currency}>
          <Text component="dt" size="xs" c="dimmed">
            Also, in {each.currency}
          </Text>
          <dd title={formatMoneyExact(each.totalCostExact, each.currency)}>
            {formatMoney(each.totalCostExact, each.currency)}
          </dd>
        </div>
      ))}
    </dl>
  );
});

function Figure(props: {
  readonly measure: Measure;
  readonly groups: GroupSums | undefined;
  readonly currency: string;
  readonly isMain?: boolean;
}) {
  const { measure, groups, currency, isMain = false } = props;
  const writing = writingOf(measure, currency);
  const now = groups === undefined ? undefined : (totalOf(groups.now.totals, measure, currency) ?? nothing(measure));
  const before = groups?.before === undefined ? undefined : totalOf(groups.before.totals, measure, currency);
  const changed = now == null || before == null ? undefined : formatChange(now, before);
  const exact = now === undefined ? "" : measure.isMoney ? writing.exact(now) : formatCount(now);
  const short = now === undefined ? "" : measure.isMoney ? writing.short(now) : formatTokens(now);
  return (
    <div data-measure={measure.id}>
      <Text component="dt" size="xs" c="dimmed">
        {measure.label}
      </Text>
      <dd>
        {now === undefined ? (
          <Skeleton height={20} width={80} />
        ) : (
          <Tooltip label={exact} disabled={exact === short}>
            <span
              className={isMain ? "main-figure" : undefined}
              data-exact={now ?? ""}
              {...(exact === short ? {} : { tabIndex: 0 })}
            >
              {short}
            </span>
          </Tooltip>
        )}
        {changed === undefined ? null : (
          <Text
            component="span"
            size="xs"
            c="dimmed"
            ml={6}
            title={`${writing.exact(before ?? null)} in the period before`}
          >
            {changed}
          </Text>
        )}
      </dd>
    </div>
  );
}

/** Nothing recorded is a sum of 0, but no average. */
const nothing = (measure: Measure): string | null => (measure.adds ? "0" : null);
