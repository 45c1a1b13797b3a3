import {
  type CompiledPrice,
  canonicalProvider,
  compilePriceVersion,
  type MatchClause,
  type ModelResolution,
  type PriceVersion,
  type ProviderModels,
  resolveModel,
  resolvePrice,
} from "@llm-cost-ops/core";
import { firstPartyProviders } from "./first-party.ts";
import { catalogueOrganization, isWithdrawn, type PriceVersionRow, priceVersionFromRow } from "./price-version-row.ts";

/** A model's prices, ready for rating. */
export type ModelPrice =
  | {
      readonly kind: "known";
      readonly provider: string;
      readonly model: string;
      readonly resolution: Extract<ModelResolution, { kind: "resolved" }>;
      readonly at: (occurredAtMs: number) => PriceAt;
    }
  | { readonly kind: "unknown"; readonly reason: "unknown_model" | "unknown_provider"; readonly detail: string };

export type PriceAt =
  | { readonly kind: "found"; readonly price: CompiledPrice; readonly rule: string }
  | { readonly kind: "none"; readonly reason: "no_price_at_date"; readonly detail: string };

/** Finds prices synchronously, from a cache that other processes' changes invalidate. */
export interface PriceLookup {
  /** To be called at the start of each transaction: forgets everything if the price book has a newer revision. */
  refresh(): void;
  /** Cheap when asked again: one map look-up. Without a provider the model's own family decides. */
  find(organizationId: string, provider: string | undefined, model: string): ModelPrice;
}

/** The names that one owner, the catalogue or an organization, gives models. */
export interface PriceNames {
  /** By provider and model. `match`: a `MatchClause` as JSON. */
  readonly models: readonly { readonly provider: string; readonly model: string; readonly match: string | null }[];
  /** By provider and alias. */
  readonly aliases: readonly { readonly provider: string; readonly alias: string; readonly model: string }[];
}

/** Where a look-up finds the rows of the price book, at once. */
export interface PriceRows {
  /** The number that every change of prices, models, aliases and catalogues increases. */
  revision(): number;
  names(owner: string): PriceNames;
  /** The catalogue's and the organization's own versions of a model, by `valid_from` and id. */
  versions(organizationId: string, provider: string, model: string): readonly PriceVersionRow[];
}

/** Names come from callers, so what is remembered of them is bounded; beyond this the memory starts afresh. */
const rememberedNamesMax = 20_000;

type Resolved = Extract<ModelResolution, { kind: "resolved" }>;

/** One organization's view of the price book: the catalogue's models with its own beside them. */
interface Book {
  readonly models: ReadonlyMap<string, ProviderModels>;
  /** The catalogue alone, where the organization adds names of its own. */
  readonly catalogue: ReadonlyMap<string, ProviderModels>;
  readonly answers: Map<string, Map<string, ModelPrice>>;
  remembered: number;
}

/** One owner's names over those of `base`, in one map per provider. */
function mergeModels(
  { models, aliases }: PriceNames,
  base: ReadonlyMap<string, ProviderModels>,
): ReadonlyMap<string, ProviderModels> {
  if (models.length === 0 && aliases.length === 0) return base;
  const merged = new Map<string, { models: Map<string, { match?: MatchClause }>; aliases: Map<string, string> }>();
  const of = (provider: string) => {
    const known = merged.get(provider);
    if (known !== undefined) return known;
    const below = base.get(provider);
    const made = { models: new Map(below?.models), aliases: new Map(below?.aliases) };
    merged.set(provider, made);
    return made;
  };
  for (const { provider, model, match } of models) {
    const inBook = of(provider).models;
    const clause = match === null ? inBook.get(model) : { match: JSON.parse(match) as MatchClause };
    inBook.set(model, clause ?? {});
  }
  for (const { provider, alias, model } of aliases) of(provider).aliases.set(alias, model);
  const all = new Map(base);
  for (const [provider, names] of merged) all.set(provider, { provider, ...names });
  return all;
}

/** The versions of a model, answering for any instant from a table of the instants at which the answer changes. */
function priceTimeline(
  versions: readonly PriceVersion[],
  compiled: (version: PriceVersion) => CompiledPrice,
): (occurredAtMs: number) => PriceAt {
  const edges = [...new Set(versions.flatMap(({ validFromMs, validToMs }) => [validFromMs, validToMs]))]
    .filter((edge) => edge !== null)
    .sort((a, b) => a - b);
  const answers: (PriceAt | undefined)[] = [];
  return (occurredAtMs) => {
    let segment = 0;
    while (segment < edges.length && (edges[segment] as number) <= occurredAtMs) segment += 1;
    const known = answers[segment];
    if (known?.kind === "found") return known;
    const resolution = resolvePrice(versions, occurredAtMs);
    // A detail that names the instant holds for that instant alone, so only what was found is remembered.
    if (resolution.kind === "none") return resolution;
    const found: PriceAt = { kind: "found", price: compiled(resolution.version), rule: resolution.rule };
    answers[segment] = found;
    return found;
  };
}

class BookLookup implements PriceLookup {
  readonly #rows: PriceRows;
  readonly #books = new Map<string, Book>();
  readonly #compiled = new Map<string, CompiledPrice>();
  #catalogue: ReadonlyMap<string, ProviderModels> | undefined;
  #revision: number | undefined;

  constructor(rows: PriceRows) {
    this.#rows = rows;
  }

  refresh(): void {
    const revision = this.#rows.revision();
    if (revision === this.#revision) return;
    this.#books.clear();
    this.#compiled.clear();
    this.#catalogue = undefined;
    this.#revision = revision;
  }

  find(organizationId: string, provider: string | undefined, model: string): ModelPrice {
    const book = this.#bookOf(organizationId);
    const asked = provider ?? "";
    let answers = book.answers.get(asked);
    const known = answers?.get(model);
    if (known !== undefined) return known;
    const answer = this.#find(organizationId, book, provider, model);
    if (book.remembered >= rememberedNamesMax) {
      book.answers.clear();
      book.remembered = 0;
      answers = undefined;
    }
    if (answers === undefined) {
      answers = new Map();
      book.answers.set(asked, answers);
    }
    answers.set(model, answer);
    book.remembered += 1;
    return answer;
  }

  #bookOf(organizationId: string): Book {
    const known = this.#books.get(organizationId);
    if (known !== undefined) return known;
    this.#catalogue ??= mergeModels(this.#rows.names(catalogueOrganization), new Map());
    const models = mergeModels(this.#rows.names(organizationId), this.#catalogue);
    const book: Book = { models, catalogue: this.#catalogue, answers: new Map(), remembered: 0 };
    this.#books.set(organizationId, book);
    return book;
  }

  #find(organizationId: string, book: Book, provider: string | undefined, model: string): ModelPrice {
    const resolution =
      provider === undefined
        ? inferProvider(book.models, model)
        : resolveIn(book.models, canonicalProvider(provider), model);
    if (resolution.kind === "unresolved") {
      return { kind: "unknown", reason: resolution.reason, detail: resolution.detail };
    }
    const versions = this.#versions(organizationId, resolution.provider, resolution.model);
    const wider = this.#catalogueModel(book, resolution, model);
    if (wider !== undefined) versions.push(...this.#versions(organizationId, resolution.provider, wider));
    return {
      kind: "known",
      provider: resolution.provider,
      model: resolution.model,
      resolution,
      at: priceTimeline(versions, (version) => this.#compile(version)),
    };
  }

  /**
   * A name of the organization's own (`gpt-4o-2024-08-06`) has the organization's prices, and outside their dates those
   * of the model as which the catalogue knows the name.
   */
  #catalogueModel(book: Book, resolution: Resolved, name: string): string | undefined {
    if (book.models === book.catalogue) return undefined;
    const byCatalogue = resolveIn(book.catalogue, resolution.provider, name);
    if (byCatalogue.kind === "unresolved" || byCatalogue.model === resolution.model) return undefined;
    return resolution.rule === "exact" ? byCatalogue.model : undefined;
  }

  #versions(organizationId: string, provider: string, model: string): PriceVersion[] {
    const rows = this.#rows.versions(organizationId, provider, model);
    return rows.filter((row) => !isWithdrawn(row)).map(priceVersionFromRow);
  }

  #compile(version: PriceVersion): CompiledPrice {
    const known = this.#compiled.get(version.id);
    if (known !== undefined) return known;
    const made = compilePriceVersion(version);
    this.#compiled.set(version.id, made);
    return made;
  }
}

function resolveIn(models: ReadonlyMap<string, ProviderModels>, provider: string, model: string): ModelResolution {
  const names = models.get(provider);
  if (names !== undefined) return resolveModel(model, names);
  return {
    kind: "unresolved",
    reason: "unknown_provider",
    detail: `The price book knows no provider "${provider}"; add a price for one of its models.`,
  };
}

/** The maker of the model if one knows the name, else the only provider that does. Bedrock's ways of writing are Bedrock's. */
function inferProvider(models: ReadonlyMap<string, ProviderModels>, model: string): ModelResolution {
  const say = (found: Resolved): Resolved => ({
    ...found,
    detail: `No provider was named; ${found.provider} knows the model. ${found.detail}`,
  });
  for (const provider of firstPartyProviders) {
    const found = resolveIn(models, provider, model);
    if (found.kind === "unresolved") continue;
    const bedrock = found.rule === "bedrock_region" ? resolveIn(models, "aws", model) : found;
    return say(bedrock.kind === "resolved" ? bedrock : found);
  }
  const others = [...models.keys()].filter((provider) => !firstPartyProviders.includes(provider));
  const found = others.map((provider) => resolveIn(models, provider, model)).filter((one) => one.kind === "resolved");
  const [only] = found;
  if (only !== undefined && found.length === 1) return say(only);
  const detail =
    found.length === 0
      ? `No provider was named, and none in the price book knows "${model}".`
      : `No provider was named, and several sell "${model}" (${found.map(({ provider }) => provider).join(", ")}); name one.`;
  return { kind: "unresolved", reason: "unknown_provider", detail };
}

/**
 * The price look-up over rows. It keeps what it found until `refresh` sees a newer revision of the price book, which
 * another thread or process may have written. Providers may be written in any way that `canonicalProvider` knows.
 */
export const priceLookupOn = (rows: PriceRows): PriceLookup => new BookLookup(rows);
