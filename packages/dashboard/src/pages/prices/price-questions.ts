import type { AggregateResult, PriceRecord, ResolvedPrice } from "@llm-cost-ops/sdk";
import { useAsk, useAskPages } from "../../data/ask.ts";
import { useSession } from "../../session/session-context.tsx";

/** Everything here is asked again after a price was added, changed or ended. */
export const priceSubjects = ["prices", "costs"] as const;

export const sources = ["all", "organization"] as const;
export type Source = (typeof sources)[number];

interface PriceListQuestion {
  readonly search: string;
  readonly provider: string;
  readonly source: Source;
}

const pageRows = 250;

/** What applies now, or every version of the organization's own, page by page. */
export const usePriceList = ({ search, provider, source }: PriceListQuestion) =>
  useAskPages<PriceRecord>(["prices", "list", search, provider, source], (client, { cursor, ...options }) =>
    client.pricing.list(
      {
        cursor,
        limit: pageRows,
        ...(search.trim() === "" ? {} : { search: search.trim().slice(0, 128) }),
        ...(provider === "" ? {} : { provider }),
        ...(source === "organization" ? { source } : { active: true }),
      },
      options,
    ),
  );

export const useProviders = () =>
  useAsk(["prices", "providers"], (client, options) => client.pricing.providers.list(options));

/** Every version of a model's price, the organization's own and the catalogue's. */
export const useModelVersions = (provider: string, model: string) =>
  useAsk<readonly PriceRecord[]>(
    ["prices", "model", provider, model],
    async (client, options) => [...(await client.pricing.list({ provider, model, limit: 500 }, options))],
    { enabled: provider !== "" && model !== "", keepsLast: false },
  );

export const usePrice = (id: string) =>
  useAsk<PriceRecord>(["prices", "one", id], (client, options) => client.pricing.get(id, options), {
    enabled: id !== "",
    keepsLast: false,
  });

export const useAliases = () =>
  useAsk(["prices", "aliases"], (client, options) => client.pricing.aliases.list(options));

/** Which price applies to a name now, and why, or why none does. */
export const useResolved = (provider: string, model: string) =>
  useAsk<ResolvedPrice>(
    ["prices", "resolve", provider, model],
    (client, options) => client.pricing.resolve({ provider, model }, options),
    { enabled: provider.trim() !== "" && model.trim() !== "" },
  );

export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly calls: number;
}

export const unpricedDays = 90;

/** Models with calls that no price was found for, those with most calls first. */
export function useUnpricedModels() {
  const { may } = useSession();
  return useAsk<readonly UnpricedModel[]>(
    ["costs", "unpriced-models"],
    async (client, options) =>
      unpricedOf(
        await client.costs.aggregate(
          { costStatus: "unpriced", days: unpricedDays, groupBy: ["provider", "model"], metrics: ["count"] },
          options,
        ),
      ),
    { enabled: may("costs:read") },
  );
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const unpricedOf = ({ data }: AggregateResult): readonly UnpricedModel[] =>
  data
    .map((row) => ({ provider: textOf(row["provider"]), model: textOf(row["model"]), calls: row.totalRequests ?? 0 }))
    .toSorted((a, b) => b.calls - a.calls);
