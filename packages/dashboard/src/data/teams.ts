import type { Team } from "@llm-cost-ops/sdk";
import { useSession } from "../session/session-context.tsx";
import { useAsk } from "./ask.ts";

/** The teams, where a scope names one and they may be read. */
export const useTeams = (enabled: boolean) => {
  const { may } = useSession();
  return useAsk<readonly Team[]>(["teams"], (client, options) => client.teams.list(options), {
    enabled: enabled && may("members:read"),
  });
};
