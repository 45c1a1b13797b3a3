/** A condition on a model name. Names are compared in lower case. */
export type MatchClause =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly MatchClause[] }
  | { readonly and: readonly MatchClause[] };

/** The names by which one provider's models are known. */
export interface ProviderModels {
  readonly provider: string;
  /** Canonical model name → the clause of the catalogue that also matches it, if it has one. */
  readonly models: ReadonlyMap<string, { readonly match?: MatchClause }>;
  /** Name as sent → canonical name, as set by the organization or the catalogue (deployments, house names). */
  readonly aliases: ReadonlyMap<string, string>;
}

/** The rules by which a name is found, in the order in which they are tried (see `resolveModel` for where clauses go first). */
export type ModelRule =
  | "exact"
  | "alias"
  | "models_prefix"
  | "bedrock_region"
  | "fine_tune_base"
  | "azure_deployment"
  | "routing_variant"
  | "dated_suffix"
  | "catalogue_match";

export type ModelResolution =
  | {
      readonly kind: "resolved";
      readonly provider: string;
      readonly model: string;
      readonly rule: ModelRule;
      /** One sentence for people: what was done to the name. */
      readonly detail: string;
      /** The region that the name itself carries (Bedrock inference profiles), if any. */
      readonly region?: string;
    }
  | { readonly kind: "unresolved"; readonly reason: "unknown_model" | "unknown_provider"; readonly detail: string };
