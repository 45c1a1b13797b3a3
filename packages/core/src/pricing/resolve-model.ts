import { compileMatchClause, modelNameCharsMax, type NameTest } from "./match-clause.ts";
import { type Candidate, datedRests, nameRewriters } from "./model-name-rewrites.ts";
import type { ModelResolution, ModelRule, ProviderModels } from "./model-resolution.ts";

interface Found {
  readonly model: string;
  readonly rule: ModelRule;
  readonly detail: string;
  readonly region?: string;
}

interface ModelIndex {
  /** Lower-case name → name as the book writes it. */
  readonly models: ReadonlyMap<string, string>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly clauses: readonly { readonly model: string; readonly test: NameTest }[];
}

/** Rewrites can nest (an ARN around a profile around a fine-tune), but not for ever. */
const depthMax = 5;

const lowerKeys = (names: Iterable<readonly [string, string]>): ReadonlyMap<string, string> =>
  new Map([...names].map(([name, value]) => [name.toLowerCase(), value]));

function indexModels({ models, aliases }: ProviderModels): ModelIndex {
  return {
    models: lowerKeys([...models.keys()].map((name) => [name, name] as const)),
    aliases: lowerKeys(aliases),
    clauses: [...models].flatMap(([model, { match }]) =>
      match === undefined ? [] : [{ model, test: compileMatchClause(match) }],
    ),
  };
}

/** A memo of a pure function of an unchanging value: patterns are compiled once per book, not once per name. */
const indexes = new WeakMap<ProviderModels, ModelIndex>();

function indexOf(models: ProviderModels): ModelIndex {
  const known = indexes.get(models);
  if (known !== undefined) return known;
  const index = indexModels(models);
  indexes.set(models, index);
  return index;
}

const isFree = (name: string): boolean => name.endsWith(":free");

class NameSearch {
  readonly #index: ModelIndex;
  readonly #provider: string;

  constructor(index: ModelIndex, provider: string) {
    this.#index = index;
    this.#provider = provider;
  }

  #exact(name: string): Found | undefined {
    const model = this.#index.models.get(name);
    return model === undefined ? undefined : { model, rule: "exact", detail: `The price book lists "${model}".` };
  }

  /** The first model whose clause matches. A paid model never answers for a `:free` name. */
  #clause(name: string): Found | undefined {
    const hit = this.#index.clauses.find(({ model, test }) => test(name) && (!isFree(name) || isFree(model)));
    if (hit === undefined) return undefined;
    return { model: hit.model, rule: "catalogue_match", detail: `The catalogue counts "${name}" as "${hit.model}".` };
  }

  #alias(name: string, depth: number): Found | undefined {
    const target = this.#index.aliases.get(name);
    if (target === undefined) return undefined;
    const lower = target.toLowerCase();
    const found = this.#exact(lower) ?? (lower === name ? undefined : this.search(lower, depth + 1));
    if (found === undefined) return undefined;
    const azure = this.#provider === "azure";
    const said = `${azure ? "The Azure deployment" : "The name"} "${name}" stands for "${target}" in the table of aliases.`;
    const detail = found.rule === "exact" ? said : `${said} ${found.detail}`;
    return { ...found, rule: azure ? "azure_deployment" : "alias", detail };
  }

  /** On Azure a name is a deployment's, whatever model it sounds like, so there the alias goes before the model. */
  #listed(name: string, depth: number): Found | undefined {
    if (this.#provider === "azure") return this.#alias(name, depth) ?? this.#exact(name);
    return this.#exact(name) ?? this.#alias(name, depth);
  }

  #lookUp({ name, lookUp }: Candidate, depth: number): Found | undefined {
    if (lookUp === undefined) return this.search(name, depth);
    const listed = this.#listed(name, depth);
    return lookUp === "listed" ? listed : (listed ?? this.#dated(name, depth));
  }

  #rewritten(name: string, depth: number): Found | undefined {
    for (const rewriter of nameRewriters) {
      const rewrite = rewriter(name, this.#provider);
      if (rewrite === undefined) continue;
      const ofRegion = rewrite.region === undefined ? {} : { region: rewrite.region };
      const whole = rewrite.wholeNameDetail === undefined ? undefined : this.#clause(name);
      if (whole !== undefined) {
        const detail = `${rewrite.wholeNameDetail} ${whole.detail}`;
        return { model: whole.model, rule: rewrite.rule, detail, ...ofRegion };
      }
      for (const candidate of rewrite.candidates) {
        const found = this.#lookUp(candidate, depth + 1);
        if (found === undefined) continue;
        const detail = found.rule === "exact" ? candidate.detail : `${candidate.detail} ${found.detail}`;
        return { ...ofRegion, ...found, rule: rewrite.rule, detail };
      }
    }
    return undefined;
  }

  /** The name without its date, unless the catalogue's own clause says that this snapshot is another model. */
  #dated(name: string, depth: number): Found | undefined {
    const whole = this.#clause(name);
    for (const rest of datedRests(name, this.#provider)) {
      const found = this.#listed(rest, depth) ?? this.#clause(rest);
      if (found === undefined || (whole !== undefined && whole.model !== found.model)) continue;
      const said = `Dropped the suffix "${name.slice(rest.length)}", which dates the model.`;
      return { ...found, rule: "dated_suffix", detail: found.rule === "exact" ? said : `${said} ${found.detail}` };
    }
    return whole;
  }

  search(name: string, depth: number): Found | undefined {
    if (depth > depthMax || name === "") return undefined;
    return this.#listed(name, depth) ?? this.#rewritten(name, depth) ?? this.#dated(name, depth);
  }
}

function whyUnknown(name: string, provider: string): string {
  if (isFree(name)) return `"${name}" has no price of its own, and a free model is not priced like the paid one.`;
  if (/^arn:[^:]*:bedrock:/.test(name)) {
    return `"${name}" does not say which model it runs; add an alias from it to its model.`;
  }
  if (provider === "azure") {
    return `"${name}" is no known model of azure; add an alias from the deployment to its model.`;
  }
  return `"${name}" is no known model of ${provider}; add a price for it, or an alias to a model that has one.`;
}

/**
 * Finds the model of the price book that a name stands for, and says how. Names compare without regard to case.
 *
 * In order: the book's own name; an alias (on Azure first); a path or route in front (`models/`, `azure/`); Bedrock ids,
 * profiles and ARNs; fine-tunes; Azure's spelling; routing variants; a suffix that dates the model; the catalogue's
 * match clauses. A clause that knows the whole dated name goes before the date is dropped, because snapshots can have
 * prices of their own (`gemini-2.5-flash-preview-05-20` is not `gemini-2.5-flash`).
 *
 * `models` and its maps must not change after the first call: what is compiled from them is kept with the object.
 * Refuses names of more than 256 characters. Callers keep the answer per name.
 */
export function resolveModel(name: string, models: ProviderModels): ModelResolution {
  const { provider } = models;
  if (models.models.size === 0) {
    return { kind: "unresolved", reason: "unknown_provider", detail: `The price book has no models of "${provider}".` };
  }
  const lower = name.trim().toLowerCase();
  if (lower === "" || lower.length > modelNameCharsMax) {
    const detail =
      lower === "" ? "The model has no name." : `The model's name has more than ${modelNameCharsMax} characters.`;
    return { kind: "unresolved", reason: "unknown_model", detail };
  }
  const found = new NameSearch(indexOf(models), provider).search(lower, 0);
  if (found !== undefined) return { kind: "resolved", provider, ...found };
  return { kind: "unresolved", reason: "unknown_model", detail: whyUnknown(lower, provider) };
}
