import type * as Wire from "@llm-cost-ops/contract";
import { type PageParams, pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import { eachRecord, type Page } from "./page.ts";
import { dataOf, type Provider } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, isRecord, type ToWire, toWire } from "./wire.ts";

/** One dated version of a price. Prices are decimal strings, as they are published. */
export interface PriceRecord extends FromWire<Wire.PriceRecord> {}

/** A price of the organization's own. Prices are numbers or, exactly, decimal strings, per million tokens. */
export interface CreatePriceParams extends ToWire<Omit<Wire.PricingInput, "provider">> {
  readonly provider: Provider;
}
export interface UpdatePriceParams extends ToWire<Wire.PricingUpdate> {}

export interface ListPricesParams extends PageParams {
  readonly provider?: Provider | undefined;
  readonly model?: string | undefined;
  readonly active?: boolean | undefined;
  readonly source?: "organization" | "catalogue" | undefined;
  readonly search?: string | undefined;
}

export interface ResolvePriceParams {
  readonly provider: Provider;
  readonly model: string;
  /** Now if absent. */
  readonly date?: string | Date | undefined;
  readonly serviceTier?: string | undefined;
  readonly region?: string | undefined;
}

type WireResolveResult = ReturnType<typeof Wire.ResolveResult.parse>;
type WireProvider = ReturnType<typeof Wire.ProviderRecord.parse>;
type WireAlias = ReturnType<typeof Wire.AliasRecord.parse>;
type WireCatalogueVersion = ReturnType<typeof Wire.CatalogueVersion.parse>;

/** Which price applies, and why; or why none does. */
export interface ResolvedPrice extends FromWire<WireResolveResult> {}
export interface ProviderRecord extends FromWire<WireProvider> {}
export interface AliasRecord extends FromWire<WireAlias> {}
export interface CatalogueVersion extends FromWire<WireCatalogueVersion> {}
export interface CatalogueDifference extends FromWire<Wire.CatalogueDifference> {}

export interface CatalogueParams {
  /** The data that ships with the server, a catalogue file, or a LiteLLM price map. */
  readonly source: "bundled" | "file" | "litellm";
  /** The file's JSON, for `file` and `litellm`. */
  readonly content?: Readonly<Record<string, unknown>> | undefined;
  /** From when changed prices apply; now if absent. */
  readonly effectiveDate?: string | Date | undefined;
}

export interface AppliedCatalogue extends CatalogueVersion {
  readonly difference: CatalogueDifference;
}

/** The price book. A price is never edited: a change is a new version from a date on. */
export class Pricing {
  readonly #session: Session;
  readonly providers: Providers;
  readonly aliases: Aliases;
  readonly catalogue: Catalogue;

  constructor(session: Session) {
    this.#session = session;
    this.providers = new Providers(session);
    this.aliases = new Aliases(session);
    this.catalogue = new Catalogue(session);
  }

  async create(params: CreatePriceParams, options?: RequestOptions): Promise<PriceRecord> {
    const body = JSON.stringify(this.#session.scopeToWire(params));
    const answer = await this.#session.transport.json({ operation: "pricing.create", body, options });
    return fromWire<Wire.PriceRecord>(dataOf(answer));
  }

  /** Appends a version that applies from `effectiveDate` on and answers it; the old one ends there and stays. */
  async update(id: string, params: UpdatePriceParams, options?: RequestOptions): Promise<PriceRecord> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "pricing.update", params: { id }, body, options });
    return fromWire<Wire.PriceRecord>(dataOf(answer));
  }

  async list(params: ListPricesParams = {}, options?: RequestOptions): Promise<Page<PriceRecord>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "pricing.list", query, options });
    return pageFromWire(answer, fromWire<Wire.PriceRecord>);
  }

  listPaginated(params: ListPricesParams = {}, options?: RequestOptions): AsyncGenerator<PriceRecord, void, undefined> {
    return eachRecord((cursor) => this.list({ ...params, cursor }, options), params.cursor);
  }

  async get(id: string, options?: RequestOptions): Promise<PriceRecord> {
    const answer = await this.#session.transport.json({ operation: "pricing.get", params: { id }, options });
    return fromWire<Wire.PriceRecord>(dataOf(answer));
  }

  async resolve(params: ResolvePriceParams, options?: RequestOptions): Promise<ResolvedPrice> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "pricing.resolve", query, options });
    return fromWire<WireResolveResult>(dataOf(answer));
  }

  /** Ends a price of the organization's own at a date, or now. */
  async end(
    id: string,
    params: { readonly endDate?: string | Date | undefined } = {},
    options?: RequestOptions,
  ): Promise<PriceRecord> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "pricing.end", params: { id }, body, options });
    return fromWire<Wire.PriceRecord>(dataOf(answer));
  }
}

/** Providers that have prices. */
export class Providers {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(options?: RequestOptions): Promise<ProviderRecord[]> {
    return fromWire<WireProvider[]>(
      dataOf(await this.#session.transport.json({ operation: "providers.list", options })),
    );
  }

  async create(
    params: { readonly id: string; readonly name?: string | undefined },
    options?: RequestOptions,
  ): Promise<ProviderRecord> {
    const body = JSON.stringify(toWire(params));
    return fromWire<WireProvider>(
      dataOf(await this.#session.transport.json({ operation: "providers.create", body, options })),
    );
  }
}

/** Models and deployments that are priced as another. */
export class Aliases {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async list(options?: RequestOptions): Promise<AliasRecord[]> {
    return fromWire<WireAlias[]>(dataOf(await this.#session.transport.json({ operation: "aliases.list", options })));
  }

  async create(
    params: { readonly provider: Provider; readonly alias: string; readonly model: string },
    options?: RequestOptions,
  ): Promise<AliasRecord> {
    const body = JSON.stringify(toWire(params));
    return fromWire<WireAlias>(
      dataOf(await this.#session.transport.json({ operation: "aliases.create", body, options })),
    );
  }

  /** Removes an alias of the organization's own. */
  async delete(provider: Provider, alias: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "aliases.delete", params: { provider, alias }, options });
  }
}

/** Versions of the price catalogue. */
export class Catalogue {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async versions(options?: RequestOptions): Promise<CatalogueVersion[]> {
    return fromWire<WireCatalogueVersion[]>(
      dataOf(await this.#session.transport.json({ operation: "catalogue.versions", options })),
    );
  }

  /** What a catalogue would change; changes nothing. */
  async preview(params: CatalogueParams, options?: RequestOptions): Promise<CatalogueDifference> {
    const body = JSON.stringify(toWire(params));
    return fromWire<Wire.CatalogueDifference>(
      dataOf(await this.#session.transport.json({ operation: "catalogue.preview", body, options })),
    );
  }

  async apply(params: CatalogueParams, options?: RequestOptions): Promise<AppliedCatalogue> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "catalogue.apply", body, options });
    return {
      ...fromWire<WireCatalogueVersion>(dataOf(answer)),
      difference: fromWire<Wire.CatalogueDifference>(isRecord(answer) ? answer["difference"] : undefined),
    };
  }
}
