import type { CostSummary } from "@llm-cost-ops/sdk";
import { Alert, Anchor, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { formatMoney } from "../../format/money.ts";
import { formatCount, formatShare } from "../../format/numbers.ts";
import { Icon } from "../../shell/icons.tsx";
import type { Period, PeriodChoice } from "../../url-state/period.ts";
import { exploreAddress } from "../explore/explore-state.ts";
import { useSums } from "./overview-questions.ts";
import { uncertainShareOf, uncertainStatuses } from "./uncertain-share.ts";

/** As many as there are statuses of usage, and one more for what is from before they were known. */
const statusesMax = 5;

const unpricedAddress = (period: PeriodChoice): string =>
  exploreAddress([{ dimension: "costStatus", value: "unpriced" }], { period, m: "unpriced" });
const uncertainAddress = (period: PeriodChoice): string =>
  exploreAddress([], { period, by: ["usageStatus", "model"], f: { usageStatus: uncertainStatuses } });

/** What the page's figures lack, or are not sure of: requests without a price, and counts that are estimated or partial. */
export function FiguresWarning(props: { summary: CostSummary | undefined; period: Period; choice: PeriodChoice }) {
  const { summary, period, choice } = props;
  const sums = useSums(period, ["usageStatus"], statusesMax);
  const unpriced = summary?.unpricedRequests ?? 0;
  const uncertain = sums.data === undefined ? undefined : uncertainShareOf(sums.data);
  if (unpriced === 0 && uncertain === undefined) return null;
  return (
    <Alert color="yellow" variant="light" py="xs" icon={<Icon name="warning" />} role="status">
      <Stack gap={2}>
        {unpriced === 0 ? null : (
          <Line href={unpricedAddress(choice)} named="See which have no price">
            {requestsOf(unpriced, summary?.totalRequests ?? 0)} {unpriced === 1 ? "has" : "have"} no price and{" "}
            {unpriced === 1 ? "is" : "are"} in no sum on this page.
          </Line>
        )}
        {uncertain === undefined ? null : (
          <Line href={uncertainAddress(choice)} named={`See which are ${uncertain.words}`}>
            The usage of {requestsOf(uncertain.requests, uncertain.allRequests)} is {uncertain.words}
            {uncertain.spent.length === 0 ? null : (
              <>
                :{" "}
                {uncertain.spent
                  .map(
                    ({ currency, cost, allCost }) => `${formatMoney(cost, currency)} (${formatShare(cost, allCost)})`,
                  )
                  .join(" and ")}{" "}
                of the spend rests on it
              </>
            )}
            .
          </Line>
        )}
      </Stack>
    </Alert>
  );
}

const requestsOf = (some: number, all: number): string =>
  `${formatCount(some)} ${some === 1 ? "request" : "requests"} (${formatShare(some, all)})`;

/** The name says where the link leads by itself; what is seen of it is the same in each line. */
function Line({ href, named, children }: { href: string; named: string; children: ReactNode }) {
  return (
    <Text size="sm">
      {children}{" "}
      <Anchor component={Link} href={href} aria-label={named} c="inherit" underline="always" inherit>
        See which
      </Anchor>
    </Text>
  );
}
