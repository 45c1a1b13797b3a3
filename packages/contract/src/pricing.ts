import { z } from "zod";
import { BooleanText, Currency, CursorPage, freeText, Instant, Name, Pagination, PriceInput } from "./fields.ts";

/** One price of one kind; see the glossary for kinds and units. */
export const RateInput = z
  .strictObject({
    kind: Name,
    price: PriceInput,
    per: z
      .number()
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .meta({ description: "Units that the price is for; 1000000 for token kinds if absent, else 1." }),
    above: z.number().int().min(0).optional(),
    service_tier: Name.optional(),
    region: Name.optional(),
    time_of_day: z
      .strictObject({ from: z.string().regex(/^\d{2}:\d{2}$/), to: z.string().regex(/^\d{2}:\d{2}$/) })
      .optional(),
  })
  .meta({ id: "RateInput" });

export const MultiplierInput = z.strictObject({
  service_tier: Name.optional(),
  region: Name.optional(),
  factor: PriceInput,
});

/** Prices of the common kinds by name, or any rates in full. */
const priceShape = {
  input_price_per_million: PriceInput.optional(),
  output_price_per_million: PriceInput.optional(),
  cache_read_price_per_million: PriceInput.optional(),
  cache_write_price_per_million: PriceInput.optional(),
  cache_write_1h_price_per_million: PriceInput.optional(),
  cached_input_discount: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: "0.5 means that cached input costs half of fresh input." }),
  batch_discount: z.number().min(0).max(1).optional(),
  price_per_request: PriceInput.optional(),
  rates: z.array(RateInput).max(500).optional(),
  multipliers: z.array(MultiplierInput).max(50).optional(),
  tier_mode: z.enum(["whole_request", "marginal"]).optional(),
  context_basis: z.enum(["all_input", "fresh_input"]).optional(),
};

export const PricingStructure = z.strictObject({
  type: z.enum(["per_token", "per_request", "tiered", "rates"]).optional(),
  ...priceShape,
});

export const PricingInput = z
  .strictObject({
    provider: Name,
    model: Name,
    organization_id: Name.optional(),
    pricing_structure: PricingStructure.optional(),
    ...priceShape,
    currency: Currency.optional(),
    effective_date: Instant.optional().meta({ description: "First instant of validity; since ever if absent." }),
    end_date: Instant.optional(),
  })
  .meta({ id: "PricingInput", description: "A price of the organization's own; it goes before the catalogue's." });
export type PricingInput = z.input<typeof PricingInput>;

export const PricingUpdate = z
  .strictObject({
    ...priceShape,
    pricing_structure: PricingStructure.optional(),
    currency: Currency.optional(),
    effective_date: Instant,
    end_date: Instant.optional(),
  })
  .meta({
    id: "PricingUpdate",
    description: "Appends a version that is valid from effective_date; the old one ends there and stays.",
  });
export type PricingUpdate = z.input<typeof PricingUpdate>;

export const PricingEnd = z.strictObject({ end_date: Instant.optional() }).meta({ id: "PricingEnd" });

export const RateRecord = z.object({
  kind: z.string(),
  price: z.string(),
  per: z.number().int(),
  above: z.number().int().nullable(),
  service_tier: z.string().nullable(),
  region: z.string().nullable(),
  time_of_day: z.object({ from: z.string(), to: z.string() }).nullable(),
});

export const PriceRecord = z
  .object({
    id: z.string(),
    provider: z.string(),
    model: z.string(),
    source: z.enum(["organization", "catalogue"]),
    catalogue_version: z.string().nullable(),
    currency: z.string(),
    effective_date: z.string().nullable(),
    end_date: z.string().nullable(),
    active: z.boolean(),
    tier_mode: z.enum(["whole_request", "marginal"]),
    context_basis: z.enum(["all_input", "fresh_input"]),
    input_price_per_million: z.string().nullable(),
    output_price_per_million: z.string().nullable(),
    rates: z.array(RateRecord),
    multipliers: z.array(
      z.object({ service_tier: z.string().nullable(), region: z.string().nullable(), factor: z.string() }),
    ),
    created_at: z.string(),
  })
  .meta({ id: "PriceRecord" });
export type PriceRecord = z.infer<typeof PriceRecord>;
export type RateRecord = z.infer<typeof RateRecord>;

export const PricingListQuery = z.strictObject({
  ...CursorPage.shape,
  provider: Name.optional(),
  model: Name.optional(),
  active: BooleanText.optional(),
  source: z.enum(["organization", "catalogue"]).optional(),
  search: freeText(128).optional(),
});

export const PriceList = z.object({ data: z.array(PriceRecord), pagination: Pagination }).meta({ id: "PriceList" });

export const ResolveQuery = z.strictObject({
  provider: Name,
  model: Name,
  date: Instant.optional(),
  service_tier: Name.optional(),
  region: Name.optional(),
});

export const ResolveResult = z
  .object({
    resolution: z.object({ rule: z.string(), detail: z.string(), provider: z.string(), model: z.string() }).nullable(),
    price: PriceRecord.nullable(),
    rule: z.string().nullable(),
    unpriced_reason: z.string().nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: "ResolveResult" });
export type ResolveResult = z.infer<typeof ResolveResult>;

export const ProviderInput = z
  .strictObject({ id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/), name: Name.optional() })
  .meta({ id: "ProviderInput" });
export const ProviderRecord = z
  .object({ id: z.string(), name: z.string(), source: z.enum(["catalogue", "organization"]), models: z.number().int() })
  .meta({ id: "ProviderRecord" });
export type ProviderRecord = z.infer<typeof ProviderRecord>;

export const AliasInput = z.strictObject({ provider: Name, alias: Name, model: Name }).meta({ id: "AliasInput" });
export const AliasRecord = z
  .object({
    provider: z.string(),
    alias: z.string(),
    model: z.string(),
    source: z.enum(["catalogue", "organization"]),
    created_at: z.string(),
  })
  .meta({ id: "AliasRecord" });
export type AliasRecord = z.infer<typeof AliasRecord>;

/** Where a catalogue comes from: the data that ships with the server, a catalogue file, or a LiteLLM price map. */
export const catalogueSources = ["bundled", "file", "litellm"] as const;
export const CatalogueInput = z
  .strictObject({
    source: z.enum(catalogueSources),
    content: z.looseObject({}).optional().meta({ description: "The file's JSON, for file and litellm." }),
    effective_date: Instant.optional().meta({
      description: "From when changed prices apply; now if absent. The first catalogue applies since ever.",
    }),
  })
  .meta({ id: "CatalogueInput" });

type MatchClauseShape =
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string }
  | { or: MatchClauseShape[] }
  | { and: MatchClauseShape[] };
const MatchClauseInput: z.ZodType<MatchClauseShape> = z
  .lazy(() =>
    z.union([
      z.strictObject({ equals: Name }),
      z.strictObject({ starts_with: Name }),
      z.strictObject({ ends_with: Name }),
      z.strictObject({ contains: Name }),
      z.strictObject({ regex: Name }),
      z.strictObject({ or: z.array(MatchClauseInput).min(1).max(100) }),
      z.strictObject({ and: z.array(MatchClauseInput).min(1).max(100) }),
    ]),
  )
  .meta({ id: "MatchClause" });

/** A price list as a file: what `source: "file"` takes as its content. */
export const CatalogueFile = z
  .strictObject({
    format: z.literal("llm-cost-ops-catalogue"),
    version: z.literal(1),
    providers: z
      .array(
        z.strictObject({
          id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must be lower-case letters, digits, dots and dashes"),
          name: Name.optional(),
          models: z.array(
            z.strictObject({
              model: Name,
              match: MatchClauseInput.optional().meta({ description: "Other names that mean this model." }),
              prices: z
                .array(
                  z.strictObject({
                    ...priceShape,
                    currency: Currency.optional(),
                    effective_date: Instant.optional(),
                    end_date: Instant.optional(),
                  }),
                )
                .min(1),
            }),
          ),
          aliases: z.array(z.strictObject({ alias: Name, model: Name })).optional(),
        }),
      )
      .min(1),
  })
  .meta({
    id: "CatalogueFile",
    description: "A price list: providers, their models, and what each cost from when on.",
  });
export type CatalogueFile = z.input<typeof CatalogueFile>;

export const CatalogueDifference = z
  .object({
    added: z.array(z.object({ provider: z.string(), model: z.string() })),
    changed: z.array(
      z.object({
        provider: z.string(),
        model: z.string(),
        rates: z.array(
          z.object({
            kind: z.string(),
            service_tier: z.string().nullable(),
            above: z.number().nullable(),
            before: z.string().nullable(),
            after: z.string().nullable(),
          }),
        ),
      }),
    ),
    removed: z.array(z.object({ provider: z.string(), model: z.string() })),
    unchanged: z.number().int(),
    problems: z.array(z.object({ entry: z.string(), message: z.string() })),
  })
  .meta({ id: "CatalogueDifference" });
export type CatalogueDifference = z.infer<typeof CatalogueDifference>;

export const CatalogueVersion = z
  .object({
    id: z.string(),
    source: z.string(),
    digest: z.string(),
    models: z.number().int(),
    effective_date: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: "CatalogueVersion" });
export type CatalogueVersion = z.infer<typeof CatalogueVersion>;

export const RepricingInput = z
  .strictObject({
    start_date: Instant.optional(),
    end_date: Instant.optional(),
    provider: Name.optional(),
    model: Name.optional(),
    reason: freeText(1_000).optional(),
  })
  .meta({ id: "RepricingInput" });

const RepricingSavings = z
  .object({ before: z.string(), after: z.string(), difference: z.string() })
  .meta({ id: "RepricingSavings", description: "Known cache_savings; null in earlier previews" })
  .nullable();

export const RepricingDifferenceRow = z
  .object({
    provider: z.string(),
    model: z.string(),
    day: z.string(),
    currency: z.string(),
    records: z.number().int(),
    before: z.string(),
    after: z.string(),
    difference: z.string(),
    savings: RepricingSavings,
  })
  .meta({ id: "RepricingDifference" });

/** Records in the range that keep their cost: today's price is in another currency, or there is none. */
export const RepricingSkipped = z.object({
  reason: z.string().meta({ description: "other_currency, or why there is no price, such as no_price_at_date" }),
  records: z.number().int(),
});

export const Repricing = z
  .object({
    id: z.string(),
    status: z.enum(["previewed", "applied", "undone"]),
    created_at: z.string(),
    applied_at: z.string().nullable(),
    undone_at: z.string().nullable(),
    created_by: z.string(),
    reason: z.string().nullable(),
    range: z.object({ start: z.string().nullable(), end: z.string().nullable() }),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    records_examined: z.number().int(),
    records_changed: z.number().int(),
    records_same_cost: z
      .number()
      .int()
      .meta({ description: "Those of records_changed whose cache_savings alone change" }),
    skipped: z.array(RepricingSkipped),
    by_currency: z.array(
      z.object({
        currency: z.string(),
        before: z.string(),
        after: z.string(),
        difference: z.string(),
        savings: RepricingSavings,
      }),
    ),
    difference: z.array(RepricingDifferenceRow),
  })
  .meta({ id: "Repricing" });
export type Repricing = z.infer<typeof Repricing>;
