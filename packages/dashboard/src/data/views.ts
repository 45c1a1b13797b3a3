import type { View } from "@llm-cost-ops/sdk";
import type { UseQueryResult } from "@tanstack/react-query";
import { useSession } from "../session/session-context.tsx";
import { useAsk } from "./ask.ts";

/** Views of one's own and those that others share, by name; asked for once by whatever shows them. */
export function useViews(): UseQueryResult<readonly View[], Error> {
  const { may } = useSession();
  return useAsk<readonly View[]>(["views"], (client, options) => client.views.list(options), {
    enabled: may("costs:read"),
  });
}

/** What somebody has at hand, or nothing yet. */
export function usePinnedViews(): readonly View[] {
  return (useViews().data ?? []).filter(({ pinned }) => pinned);
}

/** The page as it was kept, and under which name: first, lest a query that somebody sent to the interface names another. */
export const viewAddress = ({ page, state, id }: Pick<View, "page" | "state" | "id">): string =>
  `/${page}?view=${encodeURIComponent(id)}${state === "" ? "" : `&${state}`}`;

/** The view that an address names. */
export const viewIn = (search: string): string | null => new URLSearchParams(search).get("view");
