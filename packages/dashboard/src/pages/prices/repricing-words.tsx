import type { Repricing } from "@llm-cost-ops/sdk";
import { Badge } from "@mantine/core";
import { formatDay, formatInstant } from "../../format/instants.ts";
import { formatMoney } from "../../format/money.ts";
import { dayAfter } from "../../url-state/period.ts";

const colors = { previewed: "blue", applied: "teal", undone: "gray" } as const;

export function RepricingState({ repricing: { status } }: { repricing: Repricing }) {
  return (
    <Badge size="sm" variant="dot" tt="none" color={colors[status]}>
      {status}
    </Badge>
  );
}

/** An amount with its sign also where it is more: `+$1.20`. */
export const withSign = (amount: string, text: string): string =>
  amount.startsWith("-") || /^[0.]+$/.test(amount) ? text : `+${text}`;

/** How the sums move, by currency; empty where nothing does. */
export const differenceText = ({ byCurrency }: Repricing): string =>
  byCurrency.map(({ currency, difference }) => withSign(difference, formatMoney(difference, currency))).join(", ");

const midnight = /T00:00:00(?:\.0+)?Z$/;

/** The days of UTC that were asked for are said as days; the end of a range is the first instant behind it. */
export function rangeText({ start, end }: Repricing["range"], zone: string): string {
  if (start === null && end === null) return "all of the past";
  const from = start === null ? "ever" : midnight.test(start) ? formatDay(start, true) : formatInstant(start, zone);
  const to =
    end === null
      ? "now"
      : midnight.test(end)
        ? formatDay(dayAfter(end.slice(0, 10), -1), true)
        : formatInstant(end, zone);
  return `${from} to ${to}`;
}

export const scopeText = ({ range, provider, model }: Repricing, zone: string): string =>
  [rangeText(range, zone), provider, model].filter((part) => part !== null).join(", ");

const skippedReasons: Readonly<Record<string, string>> = {
  other_currency: "today’s price is in another currency",
  no_price_at_date: "there is no price for their date",
  unknown_model: "the model is not known",
};

export const skippedText = (reason: string): string => skippedReasons[reason] ?? reason.replaceAll("_", " ");
