import type { ReservationInput } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract/limits";
import {
  type CompiledPrice,
  canonicalProvider,
  compilePriceVersion,
  decomposeCounts,
  normalizeServiceTier,
  type Pico,
  rateUsage,
} from "@llm-cost-ops/core";
import { Refusal } from "../refusal.ts";
import { withRequest } from "../usage/measure-usage.ts";
import { readMoney } from "../usage/money-input.ts";
import { unknownName } from "../usage/record-row.ts";
import type { EstimateLabels } from "./estimate-labels.ts";
import { areLabelsShort } from "./reservation-ids.ts";
import type { EstimatePrice } from "./reservations.sql.ts";

/** What a call may cost at most. */
export interface Estimate {
  readonly labels: EstimateLabels;
  /** The name of the model in the price book. */
  readonly resolvedModel: string | null;
  readonly money:
    | { readonly kind: "priced"; readonly picos: Pico; readonly currency: string }
    | { readonly kind: "unpriced"; readonly reason: string; readonly detail: string };
  /** Input and output; undefined where none were told. */
  readonly tokens: bigint | undefined;
}

const picosEnd = 10n ** 30n;

/** Compiled once for each version, for as long as it is in use. */
const compiled = new WeakMap<object, CompiledPrice>();
function compile(found: Extract<EstimatePrice, { kind: "found" }>): CompiledPrice {
  const known = compiled.get(found);
  if (known !== undefined) return known;
  const made = compilePriceVersion(found.version);
  compiled.set(found, made);
  return made;
}

const wrong = (field: string, text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `${field} ${text}.`, { fieldErrors: { [field]: text } });

function tokensOf({ input_tokens, max_output_tokens }: ReservationInput): bigint | undefined {
  if (input_tokens === undefined && max_output_tokens === undefined) return undefined;
  const tokens = BigInt(input_tokens ?? 0) + BigInt(max_output_tokens ?? 0);
  if (tokens > BigInt(Number.MAX_SAFE_INTEGER)) throw wrong("max_output_tokens", "and input_tokens sum to too much");
  return tokens;
}

/** The amount that a caller names, in picos. */
function readAmount(amount: string | number): Pico {
  const picos = readMoney(amount);
  if (picos === undefined || picos < 0n || picos >= picosEnd) {
    throw wrong("amount", 'must be a decimal number that is not negative, with at most 12 decimals, such as "0.25"');
  }
  return picos;
}

/**
 * The estimate of a request that was valid by the contract: its amount, or what its tokens cost by the price that holds
 * now. `labels` are the request's; `price` is undefined where it names no model, or names an amount and nobody needs the price.
 */
export function estimateOf(
  input: ReservationInput,
  labels: EstimateLabels,
  price: EstimatePrice | undefined,
  nowMs: number,
): Estimate {
  const named = input.provider === undefined ? undefined : canonicalProvider(input.provider);
  const provider = named ?? price?.provider ?? (input.model === undefined ? null : unknownName);
  const own = { ...labels, provider, model: input.model ?? null };
  if (!areLabelsShort(own)) {
    throw wrong("tags", `and the other labels must be at most ${limits.reservationLabelBytes} bytes together`);
  }
  return {
    labels: own,
    resolvedModel: price?.model ?? null,
    money: moneyOf(input, price, nowMs),
    tokens: tokensOf(input),
  };
}

function moneyOf(input: ReservationInput, price: EstimatePrice | undefined, nowMs: number): Estimate["money"] {
  const { amount, currency = "USD", input_tokens, max_output_tokens, cached_input_tokens } = input;
  if (amount !== undefined) return { kind: "priced", picos: readAmount(amount), currency };
  if (price === undefined) return { kind: "unpriced", reason: "unknown_model", detail: "No model was named." };
  if (price.kind === "none") return { kind: "unpriced", reason: price.reason, detail: price.detail };
  const counted = decomposeCounts({
    input: input_tokens ?? 0,
    output: max_output_tokens ?? 0,
    ...(cached_input_tokens === undefined ? {} : { cacheRead: cached_input_tokens }),
  });
  if (counted.kind === "contradictory") throw wrong("cached_input_tokens", counted.contradiction.message);
  const serviceTier = normalizeServiceTier(price.provider, input.service_tier);
  const context = { occurredAtMs: nowMs, serviceTier, region: price.region };
  const rated = rateUsage(withRequest(counted.quantities), context, compile(price));
  return rated.kind === "priced"
    ? { kind: "priced", picos: rated.total, currency: rated.currency }
    : { kind: "unpriced", reason: rated.reason, detail: rated.detail };
}
