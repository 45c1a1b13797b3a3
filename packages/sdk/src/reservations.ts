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
}

/** What a call may cost at most: by its tokens, or as an `amount`, a number or, exactly, a decimal string. */
export interface ReserveParams extends ToWire<Omit<Wire.ReservationInput, "tags">> {
  readonly tags?: TagsInput | null | undefined;
}

/** What the call cost: one of the three. What `usage` does not name is the estimate's: provider, model, labels. */
export interface SettleParams {
  readonly usage?: Omit<CreateUsageParams, "id" | "organizationId" | "requirePrice"> | undefined;
  /** Of what is recorded already. */
  readonly recordId?: string | undefined;
  /** Known from elsewhere; USD if no currency is named. */
  readonly cost?: { readonly amount: number | string; readonly currency?: string | undefined } | undefined;
}

export interface Settlement extends FromWire<Omit<Wire.Settlement["data"], "record">> {
  readonly record: UsageRecord;
  readonly warnings: readonly Warning[];
}

export interface GuardOptions<Result> extends RequestOptions {
  /**
   * What the call cost, by what it gave. Absent, the `usage` in it is taken, as providers or the AI SDK give it; and where
   * there is none, all that was reserved, as an estimate.
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

  async approvals({ state }: ListApprovalsParams = {}, options?: RequestOptions): Promise<BudgetApproval[]> {
    const query = queryString({ state });
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

function settlementOf(result: unknown, estimate: ReserveParams, reservation: Reservation): SettleParams {
  const usage = isRecord(result) ? (result["usage"] ?? result["usageMetadata"]) : undefined;
  if (isRecord(result) && isRecord(usage)) {
    const model = typeof result["model"] === "string" ? { model: result["model"] } : {};
    if (!countNames.some((name) => typeof usage[name] === "number")) return { usage: { ...model, usage } };
    const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage as Record<
      string,
      number | undefined
    >;
    return { usage: { inputTokens, outputTokens, cachedTokens: cachedInputTokens, reasoningTokens } };
  }
  const { amountExact, currency, tokens } = reservation;
  if (tokens === null && amountExact !== null)
    return { cost: { amount: amountExact, currency: currency ?? undefined } };
  const { inputTokens, maxOutputTokens: outputTokens, cachedInputTokens: cachedTokens, serviceTier } = estimate;
  return { usage: { inputTokens, outputTokens, cachedTokens, serviceTier, usageStatus: "estimated" } };
}
