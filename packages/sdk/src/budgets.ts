import type * as Wire from "@llm-cost-ops/contract";
import { pageFromWire, plainQuery, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf } from "./records.ts";
import {
  type BudgetApproval,
  type GuardOptions,
  type ListApprovalsParams,
  type ReleasedReservation,
  type Reservation,
  Reservations,
  type ReserveParams,
  type Settlement,
  type SettleParams,
} from "./reservations.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** What may be spent in a period, in money or in tokens. `amount` is a number, `amountExact` has every digit. */
export interface Budget extends FromWire<Wire.Budget> {}
/** How a budget stands. Amounts and `utilization` are given twice: as numbers, and exactly under the name with `Exact`. */
export interface BudgetStatus extends FromWire<Wire.BudgetStatus> {}
/** A budget with its status; without one `error` says why the ledger does not answer. */
export interface ListedBudgetStatus extends FromWire<Wire.ListedBudgetStatus> {}
/** How a budget with `per` stands for one value. */
export interface BudgetValue extends FromWire<Wire.BudgetValue> {}
/** One change of a budget. `before` and `after` have the wire's names, since they tell of fields. */
export interface BudgetAmendment extends FromWire<Wire.BudgetAmendment> {}
/** Either `amount`, a number or, exactly, a decimal string, or `tokens`. */
export interface CreateBudgetParams extends ToWire<Wire.BudgetInput> {}
export interface UpdateBudgetParams extends ToWire<Wire.BudgetUpdate> {}

/** Both budgets of a transfer, as they are since. */
export interface BudgetTransfer extends FromWire<Wire.BudgetTransfer> {}
/** `to` is a budget's id. Either `amount`, a number or, exactly, a decimal string, or `tokens`. */
export interface TransferBudgetParams extends ToWire<Wire.BudgetTransferInput> {}

export interface ListBudgetsParams {
  /** What the organization set for this tenant of it, in place of its own. */
  readonly tenantId?: string | undefined;
}

/** Which budget is meant; at most one of both. */
export interface CurrentBudgetParams {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

/** Which value of a budget with `per`; at most one of both, and of neither the one that used most. */
export interface BudgetValueParams {
  readonly value?: string | undefined;
  /** What has no value. */
  readonly withoutValue?: boolean | undefined;
}

export interface BudgetHistoryParams {
  /** Changes of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Budgets of the caller's organization. They count what is recorded; hard ones refuse reservations beyond them. */
export class Budgets {
  readonly #session: Session;
  readonly #reservations: Reservations;

  constructor(session: Session) {
    this.#session = session;
    this.#reservations = new Reservations(session);
  }

  /**
   * Sets aside what a call may cost at most, of every hard budget that counts it, or of none.
   *
   * @throws BudgetExceededError naming the budget that has no room.
   */
  reserve(params: ReserveParams, options?: RequestOptions): Promise<Reservation> {
    return this.#reservations.reserve(params, options);
  }

  /**
   * Records what the call cost, then ends its reservation. Safe to repeat: it is recorded once.
   *
   * @throws ConflictError where it was settled by something else.
   */
  settle(id: string, params: SettleParams, options?: RequestOptions): Promise<Settlement> {
    return this.#reservations.settle(id, params, options);
  }

  /** Ends the reservation of a call that was not made. */
  release(id: string, options?: RequestOptions): Promise<ReleasedReservation> {
    return this.#reservations.release(id, options);
  }

  /** Requests to go beyond budgets whose `atLimit` is `approve`, newest first. */
  approvals(params?: ListApprovalsParams, options?: RequestOptions): Promise<BudgetApproval[]> {
    return this.#reservations.approvals(params, options);
  }

  /** Lets one reservation that names the approval go beyond its budget. @throws ConflictError where that is decided already. */
  approve(approvalId: string, options?: RequestOptions): Promise<BudgetApproval> {
    return this.#reservations.decide("approve", approvalId, options);
  }

  /** Refuses a request, or takes an approval back that is not used. @throws ConflictError where it is used. */
  deny(approvalId: string, options?: RequestOptions): Promise<BudgetApproval> {
    return this.#reservations.decide("deny", approvalId, options);
  }

  /**
   * Makes a call within the budgets: reserves, calls with the model that was granted, and settles by the usage in what the
   * call gives, such as the body of a provider's answer; releases where the call throws.
   *
   * ```ts
   * const answer = await client.budgets.guard(
   *   { model: "gpt-4o", inputTokens: 1_200, maxOutputTokens: 500 },
   *   ({ model }) => callTheProvider(model ?? "gpt-4o"),
   * );
   * ```
   *
   * @throws BudgetExceededError before the call; what the call throws; UnsettledError, with what the call gave, where that
   * could not be recorded.
   */
  guard<Result>(
    estimate: ReserveParams,
    call: (reservation: Reservation) => Result | Promise<Result>,
    options?: GuardOptions<Result>,
  ): Promise<Result> {
    return this.#reservations.guard(estimate, call, options);
  }

  /** @throws ConflictError where the name is taken, ValidationError naming the field that is wrong. */
  async create(params: CreateBudgetParams, options?: RequestOptions): Promise<Budget> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "budgets.create", body, options });
    return fromWire<Wire.Budget>(dataOf(answer));
  }

  /** By name. */
  async list(params: ListBudgetsParams = {}, options?: RequestOptions): Promise<Budget[]> {
    const query = queryString({ tenant_id: params.tenantId });
    const answer = await this.#session.transport.json({ operation: "budgets.list", query, options });
    return fromWire<Wire.Budget[]>(dataOf(answer));
  }

  async get(id: string, options?: RequestOptions): Promise<Budget> {
    const answer = await this.#session.transport.json({ operation: "budgets.get", params: { id }, options });
    return fromWire<Wire.Budget>(dataOf(answer));
  }

  /** From now on and for the period that is going on; `scope` and `period` take the place of the whole old ones. */
  async update(id: string, params: UpdateBudgetParams, options?: RequestOptions): Promise<Budget> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "budgets.update", params: { id }, body, options } as const;
    return fromWire<Wire.Budget>(dataOf(await this.#session.transport.json(request)));
  }

  /**
   * Moves a part of a budget's amount to another one.
   * @throws ConflictError where less would be left than is spent and reserved, unless `force` is set.
   */
  async transfer(id: string, params: TransferBudgetParams, options?: RequestOptions): Promise<BudgetTransfer> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "budgets.transfer", params: { id }, body, options } as const;
    return fromWire<Wire.BudgetTransfer>(dataOf(await this.#session.transport.json(request)));
  }

  /** With its history; the audit trail keeps what it was. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "budgets.delete", params: { id }, options });
  }

  /**
   * How the budget stands that is named; without a name, the first that was made for the whole organization.
   *
   * ```ts
   * const budget = await client.budgets.getCurrent({ name: "production" });
   * if ((budget.utilization ?? 1) > 0.8) console.warn(`${budget.spentExact} of ${budget.amountExact} are spent`);
   * ```
   *
   * @throws NotFoundError where there is no such budget.
   */
  async getCurrent(params: CurrentBudgetParams = {}, options?: RequestOptions): Promise<BudgetStatus> {
    const query = plainQuery({ ...params });
    const answer = await this.#session.transport.json({ operation: "budgets.getCurrent", query, options });
    return fromWire<Wire.BudgetStatus>(dataOf(answer));
  }

  /** What is spent in the present period. */
  async status(id: string, params: BudgetValueParams = {}, options?: RequestOptions): Promise<BudgetStatus> {
    const query = plainQuery({ value: params.value, without_value: params.withoutValue });
    const request = { operation: "budgets.status", params: { id }, query, options } as const;
    return fromWire<Wire.BudgetStatus>(dataOf(await this.#session.transport.json(request)));
  }

  /** How each budget stands that `list` gives, by name, in one request. */
  async statuses(params: ListBudgetsParams = {}, options?: RequestOptions): Promise<ListedBudgetStatus[]> {
    const query = queryString({ tenant_id: params.tenantId });
    const answer = await this.#session.transport.json({ operation: "budgets.statuses", query, options });
    return fromWire<Wire.ListedBudgetStatus[]>(dataOf(answer));
  }

  /** One page of the values of a budget with `per`, the most used first. */
  async values(id: string, params: BudgetHistoryParams = {}, options?: RequestOptions): Promise<Page<BudgetValue>> {
    const query = queryString({ ...params });
    const request = { operation: "budgets.values", params: { id }, query, options } as const;
    const answer = await this.#session.transport.json(request);
    return pageFromWire(answer, (value) => fromWire<Wire.BudgetValue>(value));
  }

  /** One page of changes, newest first. */
  async history(
    id: string,
    params: BudgetHistoryParams = {},
    options?: RequestOptions,
  ): Promise<Page<BudgetAmendment>> {
    const query = queryString({ ...params });
    const request = { operation: "budgets.history", params: { id }, query, options } as const;
    const answer = await this.#session.transport.json(request);
    return pageFromWire(answer, (change) => fromWire<Wire.BudgetAmendment>(change));
  }
}
