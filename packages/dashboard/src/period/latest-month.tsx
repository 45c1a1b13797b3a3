import { Anchor } from "@mantine/core";
import { useAsk } from "../data/ask.ts";
import { useTimeZone } from "../data/organization.ts";
import { formatMonth } from "../format/instants.ts";
import { dayAfter, monthStart, type PeriodChoice } from "../url-state/period.ts";

/** The last month in which anything was recorded, as `2023-11`; null where nothing ever was. Asked only where a period has nothing. */
export function useLatestMonth(enabled: boolean) {
  const timezone = useTimeZone();
  return useAsk<string | null>(
    ["costs", "latest-month", timezone],
    async (client, options) => {
      const months = await client.costs.aggregate(
        { range: "all", timezone, groupBy: "month", metrics: ["count"] },
        options,
      );
      return months.data.reduce<string | null>((latest, { month }) => {
        const one = String(month).slice(0, "2023-11".length);
        return latest === null || one > latest ? one : latest;
      }, null);
    },
    { enabled },
  );
}

/** Leads from a period in which nothing was recorded to the calls that there are. */
export function LatestMonth({ month, onPick }: { month: string; onPick: (choice: PeriodChoice) => void }) {
  const from = `${month}-01`;
  // Whatever the length of the month, that many days later it is the next.
  const to = dayAfter(monthStart(dayAfter(from, 31)), -1);
  return (
    <>
      The latest calls are of {formatMonth(from)}.{" "}
      <Anchor
        component="button"
        type="button"
        c="inherit"
        inherit
        underline="always"
        onClick={() => onPick({ from, to })}
      >
        Show that month
      </Anchor>
    </>
  );
}
