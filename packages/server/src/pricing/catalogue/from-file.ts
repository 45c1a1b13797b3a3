import { CatalogueFile } from "@llm-cost-ops/contract";
import type { MatchClause } from "@llm-cost-ops/core";
import { canonicalProvider, compilePriceVersion, InvalidPriceVersion, unsafePatternReason } from "@llm-cost-ops/core";
import { Refusal } from "../../refusal.ts";
import { endOf, startOf } from "../price-dates.ts";
import { priceBody } from "../price-input.ts";
import type { CatalogueModel, CataloguePrice, CatalogueProvider, ReadCatalogue } from "./catalogue.ts";

/** Beyond this many wrong entries the rest is not named. */
const namedErrorsMax = 50;

type FileProvider = CatalogueFile["providers"][number];
type FileModel = FileProvider["models"][number];
type FieldErrors = Record<string, string>;

function refuse(errors: FieldErrors): never {
  const shown = Object.fromEntries(Object.entries(errors).slice(0, namedErrorsMax));
  const count = Object.keys(errors).length;
  throw new Refusal(
    "PRICING_002",
    `The price list has ${count} wrong ${count === 1 ? "entry" : "entries"}; nothing of it was taken.`,
    {
      fieldErrors: shown,
    },
  );
}

function unsafePattern(clause: MatchClause): string | undefined {
  if ("regex" in clause) return unsafePatternReason(clause.regex);
  const parts = "or" in clause ? clause.or : "and" in clause ? clause.and : [];
  return parts.map(unsafePattern).find((reason) => reason !== undefined);
}

/** Says why a price could not be used for rating, or nothing. */
export function unusableReason(provider: string, model: string, price: CataloguePrice): string | undefined {
  try {
    compilePriceVersion({
      ...price,
      id: "new",
      provider,
      model,
      source: { kind: "catalogue", catalogueVersion: "new" },
    });
    return undefined;
  } catch (error) {
    if (error instanceof InvalidPriceVersion) return error.message.replace("Price version new: ", "");
    throw error;
  }
}

/** The prices of a model in order of time; what cannot be read goes into `errors`. */
function pricesOf(provider: string, { model, prices }: FileModel, path: string, errors: FieldErrors): CataloguePrice[] {
  const read = prices.flatMap((price, index): CataloguePrice[] => {
    const at = `${path}.prices[${index}]`;
    try {
      const one: CataloguePrice = {
        ...priceBody({ ...price, provider, model }),
        currency: price.currency ?? "USD",
        validFromMs: price.effective_date === undefined ? null : startOf(price.effective_date, "effective_date"),
        validToMs: price.end_date === undefined ? null : endOf(price.end_date, "end_date"),
      };
      const reason = unusableReason(provider, model, one);
      if (reason !== undefined) errors[at] = reason;
      return [one];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      for (const [field, problem] of Object.entries(error.fieldErrors ?? {})) errors[`${at}.${field}`] = problem;
      return [];
    }
  });
  const start = (price: CataloguePrice): number => price.validFromMs ?? Number.NEGATIVE_INFINITY;
  const sorted = read.sort((a, b) => start(a) - start(b));
  // A price without an end holds until the next one begins.
  return sorted.map((price, index) => {
    const next = sorted[index + 1];
    if (next === undefined) return price;
    if (start(next) === start(price) || (price.validToMs ?? Number.NEGATIVE_INFINITY) > start(next)) {
      errors[`${path}.prices`] = "two prices hold at the same time";
    }
    return price.validToMs === null ? { ...price, validToMs: next.validFromMs } : price;
  });
}

function providerOf(provider: FileProvider, path: string, errors: FieldErrors): CatalogueProvider {
  const id = canonicalProvider(provider.id);
  const seen = new Map<string, string>();
  const models = provider.models.map((model, index): CatalogueModel => {
    const at = `${path}.models[${index}]`;
    const first = seen.get(model.model.toLowerCase());
    if (first !== undefined) errors[`${at}.model`] = `is listed twice (${first})`;
    seen.set(model.model.toLowerCase(), at);
    const match = model.match as MatchClause | undefined;
    const unsafe = match === undefined ? undefined : unsafePattern(match);
    if (unsafe !== undefined) errors[`${at}.match`] = `the regular expression cannot be used: ${unsafe}`;
    return { model: model.model, ...(match === undefined ? {} : { match }), prices: pricesOf(id, model, at, errors) };
  });
  return { id, name: provider.name ?? id, models, aliases: provider.aliases ?? [] };
}

/**
 * Reads a price list in the project's own format (`CatalogueFile` of the contract). One wrong entry refuses the whole
 * list with PRICING_002, naming each by its path, so that nothing is dropped without notice.
 */
export function catalogueFromFile(content: unknown): ReadCatalogue {
  const parsed = CatalogueFile.safeParse(content);
  if (!parsed.success) {
    refuse(
      Object.fromEntries(
        parsed.error.issues.map(({ path, message }) => [
          path
            .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
            .join("")
            .replace(/^\./, "") || "content",
          message,
        ]),
      ),
    );
  }
  const errors: FieldErrors = {};
  const providers = parsed.data.providers.map((provider, index) => providerOf(provider, `providers[${index}]`, errors));
  const ids = providers.map(({ id }) => id);
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) !== index) errors[`providers[${index}].id`] = `is listed twice (${id})`;
  }
  if (Object.keys(errors).length > 0) refuse(errors);
  return { catalogue: { providers }, problems: [] };
}
