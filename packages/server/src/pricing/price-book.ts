import type {
  AliasRecord,
  CatalogueDifference,
  CatalogueVersion,
  PriceRecord,
  PricingInput,
  PricingUpdate,
  ProviderRecord,
  ResolveResult,
} from "@llm-cost-ops/contract";
import type { ReadCatalogue } from "./catalogue/catalogue.ts";

/** Which price versions a list is about. */
export interface PriceFilter {
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly active?: boolean | undefined;
  readonly source?: "organization" | "catalogue" | undefined;
  readonly search?: string | undefined;
}

/** Where a version stands in the list. */
export interface PricePosition {
  readonly provider: string;
  readonly model: string;
  readonly fromMs: number | null;
  readonly id: string;
}

export interface PricePage {
  readonly after?: PricePosition;
  readonly offset: number;
  readonly limit: number;
}

export interface ResolveQuestion {
  readonly provider: string;
  readonly model: string;
  /** Now if absent. */
  readonly atMs: number | undefined;
  readonly serviceTier: string | undefined;
  readonly region: string | undefined;
}

export interface CatalogueChange extends ReadCatalogue {
  readonly source: string;
  /** From when changed prices hold; now if absent. */
  readonly effectiveMs?: number;
}

/** The prices that an organization sees: the catalogue's and its own, which go first. Refusals as the contract says. */
export interface PriceBook {
  list(
    organizationId: string,
    filter: PriceFilter,
    page: PricePage,
  ): Promise<readonly { readonly record: PriceRecord; readonly position: PricePosition }[]>;
  get(organizationId: string, id: string): Promise<PriceRecord>;
  create(organizationId: string, input: PricingInput): Promise<PriceRecord>;
  update(organizationId: string, id: string, input: PricingUpdate): Promise<PriceRecord>;
  end(organizationId: string, id: string, endDate: string | undefined): Promise<PriceRecord>;
  resolve(organizationId: string, question: ResolveQuestion): Promise<ResolveResult>;

  providers(organizationId: string): Promise<readonly ProviderRecord[]>;
  createProvider(organizationId: string, id: string, name: string | undefined): Promise<ProviderRecord>;
  aliases(organizationId: string): Promise<readonly AliasRecord[]>;
  putAlias(organizationId: string, provider: string, alias: string, model: string): Promise<AliasRecord>;
  deleteAlias(organizationId: string, provider: string, alias: string): Promise<void>;

  catalogueVersions(): Promise<readonly CatalogueVersion[]>;
  previewCatalogue(change: CatalogueChange): Promise<CatalogueDifference>;
  applyCatalogue(
    change: CatalogueChange,
  ): Promise<{ readonly version: CatalogueVersion; readonly difference: CatalogueDifference }>;
}
