import { useEffect, useMemo, useState } from "react";
import { useTimeZone } from "../data/organization.ts";
import { type Period, type PeriodChoice, resolvePeriod, todayIn } from "../url-state/period.ts";

/** The day that it is in the zone, also for a page that stays open over midnight. */
export function useToday(zone: string): string {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return todayIn(zone, nowMs);
}

/** The days that a choice means now, in the organization's zone. */
export function usePeriod(choice: PeriodChoice): Period {
  const zone = useTimeZone();
  const today = useToday(zone);
  const key = JSON.stringify(choice);
  return useMemo(() => resolvePeriod(JSON.parse(key) as PeriodChoice, today, zone), [key, today, zone]);
}
