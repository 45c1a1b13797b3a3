import type { Alert, AlertRule, Channel, ChannelDelivery } from "@llm-cost-ops/sdk";
import { useAsk } from "../../data/ask.ts";
import { useSession } from "../../session/session-context.tsx";

export interface AlertPage {
  readonly rows: readonly Alert[];
  readonly nextCursor: string | null;
}

export interface AlertQuestion {
  /** Absent: of any state. */
  readonly state?: Alert["state"];
  readonly severity?: Alert["severity"];
  readonly ruleId?: string;
  readonly budgetId?: string;
  readonly cursor?: string;
}

export const useAlerts = (question: AlertQuestion) =>
  useAsk<AlertPage>(
    ["alerts", "list", question],
    async (client, options) => {
      const page = await client.alerts.list({ ...question, limit: 50 }, options);
      return { rows: page.data, nextCursor: page.nextCursor };
    },
    { everyMs: 15_000 },
  );

export const useAlert = (id: string) =>
  useAsk<Alert>(["alerts", "one", id], (client, options) => client.alerts.get(id, options), {
    enabled: id !== "",
    keepsLast: false,
  });

export const useRules = () => {
  const { may } = useSession();
  return useAsk<readonly AlertRule[]>(["alerts", "rules"], (client, options) => client.alerts.rules.list(options), {
    enabled: may("alerts:read"),
  });
};

export const useRule = (id: string) =>
  useAsk<AlertRule>(["alerts", "rule", id], (client, options) => client.alerts.rules.get(id, options), {
    keepsLast: false,
  });

/** Where alerts go, where that may be read. */
export const useChannels = () => {
  const { may } = useSession();
  return useAsk<readonly Channel[]>(["channels"], (client, options) => client.channels.list(options), {
    enabled: may("channels:read"),
  });
};

/** What became of what was sent last; asked only while somebody waits for it, again and again. */
export const useLastDelivery = (channelId: string, isWaiting: boolean) =>
  useAsk<ChannelDelivery | null>(
    ["channels", "last-delivery", channelId],
    async (client, options) => (await client.channels.deliveries(channelId, { limit: 1 }, options)).at(0) ?? null,
    isWaiting ? { everyMs: 1_000 } : { enabled: false },
  );
