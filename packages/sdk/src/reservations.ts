import type * as Wire from "@llm-cost-ops/contract";
import { CostOpsError } from "./errors.ts";
import { queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import {
  type CreateUsageParams,
  dataOf,
  type TagsInput,
  type UsageRecord,
  type Warning,
  warningsOf,
} from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, isRecord, type ToWire, toWire } from "./wire.ts";

/** What is set aside for a call; `model` is the one to call. */
export interface Reservation extends FromWire<Wire.Reservation> {}
/** How a reservation ended, now or before. */
export interface ReleasedReservation extends FromWire<Wire.ReservationRelease> {}

/** A request to go beyond a budget once, and what became of it. `requested` is exact: of money, or a count of tokens. */
export interface BudgetApproval extends FromWire<Wire.BudgetApproval> {}

export interface ListApprovalsParams {
  /** Those alone that are in this state. */
  readonly state?: BudgetApproval["state"] | undefined;
  /** Of budgets that the organization set for this tenant of it, in place of its own. */
  readonly tenantId?: string | undefined;
}

/** What a call may cost at most: by its tokens, or as an `amount`, a number or, exactly, a decimal string. */
export interface ReserveParams extends ToWire<Omit<Wire.ReservationInput, "tags">> {
  readonly tags?: TagsInput | null | undefined;
}

/** What the call cost: one of the three. What it does not name is the estimate's: provider, model, service tier, labels. */
export interface SettleParams {
  readonly usage?: Omit<CreateUsageParams, "id" | "organizationId" | "requirePrice"> | undefined;
  /** Of what is recorded already; needs `usage:read`. */
  readonly recordId?: string | undefined;
  /** Known from elsewhere; in the reservation's currency if none is named, else USD. The tokens are for budgets in tokens. */
  readonly cost?:
    | {
        readonly amount: number | string;
        readonly currency?: string | undefined;
        readonly inputTokens?: number | undefined;
        readonly outputTokens?: number | undefined;
      }
    | undefined;
}

export interface Settlement extends FromWire<Omit<Wire.Settlement["data"], "record">> {
  readonly record: UsageRecord;
  readonly warnings: readonly Warning[];
}

export interface GuardOptions<Result> extends RequestOptions {
  /**
   * What the call cost, by what it gave. Absent, the `usage` in it is taken, as providers or the AI SDK give it, at the
   * tier that it says served; and where there is none, all that was reserved: the amount, or the tokens as an estimate.
   */
  readonly settleBy?: ((result: Result, reservation: Reservation) => SettleParams) | undefined;
}

/** A call was made, and what it cost could not be recorded. Settle the reservation again, for which `settlement` is. */
export class UnsettledError extends CostOpsError {
  /** What the call gave. */
  readonly result: unknown;
  readonly reservationId: string;
  readonly settlement: SettleParams;

  constructor(result: unknown, reservationId: string, settlement: SettleParams, cause: unknown) {
    super("the call was made, but what it cost could not be recorded", { code: "UNSETTLED", cause });
    this.result = result;
    this.reservationId = reservationId;
    this.settlement = settlement;
  }
}

/** Money set aside before a call, and what became of it. */
export class Reservations {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async reserve(params: ReserveParams, options?: RequestOptions): Promise<Reservation> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "reservations.create", body, options });
    return fromWire<Wire.Reservation>(dataOf(answer));
  }

  async settle(id: string, { usage, recordId, cost }: SettleParams, options?: RequestOptions): Promise<Settlement> {
    const body = JSON.stringify({
      ...(usage !== undefined && { usage: toWire(usage) }),
      ...(recordId !== undefined && { record_id: recordId }),
      ...(cost !== undefined && { cost: toWire(cost) }),
    });
    const request = { operation: "reservations.settle", params: { id }, body, options } as const;
    const answer = await this.#session.transport.json(request);
    const settled = fromWire<Wire.Settlement["data"]>(dataOf(answer));
    return { ...settled, warnings: warningsOf(answer) };
  }

  async release(id: string, options?: RequestOptions): Promise<ReleasedReservation> {
    const answer = await this.#session.transport.json({ operation: "reservations.release", params: { id }, options });
    return fromWire<Wire.ReservationRelease>(dataOf(answer));
  }

  async approvals({ state, tenantId }: ListApprovalsParams = {}, options?: RequestOptions): Promise<BudgetApproval[]> {
    const query = queryString({ state, tenant_id: tenantId });
    const answer = await this.#session.transport.json({ operation: "approvals.list", query, options });
    return fromWire<Wire.BudgetApproval[]>(dataOf(answer));
  }

  async decide(decision: "approve" | "deny", id: string, options?: RequestOptions): Promise<BudgetApproval> {
    const request = { operation: `approvals.${decision}`, params: { id }, options } as const;
    return fromWire<Wire.BudgetApproval>(dataOf(await this.#session.transport.json(request)));
  }

  async guard<Result>(
    estimate: ReserveParams,
    call: (reservation: Reservation) => Result | Promise<Result>,
    { settleBy, ...options }: GuardOptions<Result> = {},
  ): Promise<Result> {
    const reservation = await this.reserve(estimate, options);
    let result: Result;
    try {
      result = await call(reservation);
    } catch (error) {
      // One that cannot be released expires by itself; what the call threw says more.
      await this.release(reservation.id, options).catch(() => undefined);
      throw error;
    }
    const settlement = settleBy?.(result, reservation) ?? settlementOf(result, estimate, reservation);
    try {
      await this.settle(reservation.id, settlement, options);
    } catch (error) {
      throw new UnsettledError(result, reservation.id, settlement, error);
    }
    return result;
  }
}

/** Counts of a call as the AI SDK names them. */
const countNames = ["inputTokens", "outputTokens", "totalTokens", "cachedInputTokens", "reasoningTokens"] as const;
/** Of Bedrock, which spells the others as the AI SDK does and counts these beside them. */
const bedrockNames = ["cacheReadInputTokens", "cacheWriteInputTokens"] as const;

type Fields = Readonly<Record<string, unknown>>;

const fieldsIn = (value: unknown): Fields => (isRecord(value) ? value : {});
const countIn = (...values: readonly unknown[]): number | undefined =>
  values.find((value) => typeof value === "number") as number | undefined;

function settlementOf(result: unknown, estimate: ReserveParams, reservation: Reservation): SettleParams {
  const body = fieldsIn(result);
  // Of the AI SDK's results, `usage` is the last step's.
  const usage = body["totalUsage"] ?? body["usage"] ?? body["usageMetadata"];
  const model = typeof body["model"] === "string" ? body["model"] : undefined;
  if (isRecord(usage) && (model !== undefined || reservation.model !== null)) {
    const serviceTier = servedTier(body, usage, estimate);
    const isCounted = countNames.some((name) => typeof usage[name] === "number") || isRecord(usage["inputTokens"]);
    if (!isCounted || bedrockNames.some((name) => name in usage)) return { usage: { model, serviceTier, usage } };
    return { usage: { serviceTier, ...countsOf(usage) } };
  }
  const { inputTokens, maxOutputTokens: outputTokens, cachedInputTokens: cachedTokens, serviceTier } = estimate;
  const { amountExact, currency } = reservation;
  if (estimate.amount !== undefined && amountExact !== null) {
    return { cost: { amount: amountExact, currency: currency ?? undefined, inputTokens, outputTokens } };
  }
  return { usage: { inputTokens, outputTokens, cachedTokens, serviceTier, usageStatus: "estimated" } };
}

/** Of the AI SDK's usage, whose input counts with what caches gave and took. A model's own, of one call, has it in parts. */
function countsOf({ inputTokens, outputTokens, inputTokenDetails, outputTokenDetails, ...usage }: Fields) {
  const input = { ...fieldsIn(inputTokens), ...fieldsIn(inputTokenDetails) };
  const output = { ...fieldsIn(outputTokens), ...fieldsIn(outputTokenDetails) };
  return {
    inputTokens: countIn(inputTokens, input["total"]),
    outputTokens: countIn(outputTokens, output["total"]),
    cachedTokens: countIn(input["cacheReadTokens"], input["cacheRead"], usage["cachedInputTokens"]),
    cacheWriteTokens: countIn(input["cacheWriteTokens"], input["cacheWrite"]),
    reasoningTokens: countIn(output["reasoningTokens"], output["reasoning"], usage["reasoningTokens"]),
  };
}

/** The tier that a body or the AI SDK says served the call; undefined where none is said, and the estimate's holds. */
function servedTier(body: Fields, usage: Fields, { serviceTier }: ReserveParams): string | undefined {
  // Bodies of a batch say `default`.
  if (serviceTier?.trim().toLowerCase() === "batch") return undefined;
  const told = [
    body["service_tier"],
    fieldsIn(body["serviceTier"])["type"],
    ...Object.values(fieldsIn(body["providerMetadata"])).map((of) => fieldsIn(of)["serviceTier"]),
    fieldsIn(usage["raw"])["service_tier"],
  ];
  return told.find((tier): tier is string => typeof tier === "string" && tier.trim() !== "");
}
