import { randomUUID } from "node:crypto";
import type {
  Budget,
  Reservation,
  ReservationInput,
  ReservationRelease,
  Settlement,
  SettlementInput,
} from "@llm-cost-ops/contract";
import { formatInstant, formatMoney } from "@llm-cost-ops/core";
import { apiKeyIdOf, type Caller } from "../http/route.ts";
import { isRecordWithin } from "../identity/record-scope.ts";
import type { Quantities, QuantityLimits } from "../limits/quantity-limits.ts";
import { Refusal } from "../refusal.ts";
import { inTime, refuseSilent } from "../store/in-time.ts";
import type { Store } from "../store/operation.ts";
import type { Ledger } from "../usage/ledger.ts";
import { type ApprovalFacts, consumeApproval, readApproval, requestApproval } from "./approvals.sql.ts";
import { isBudgetWithin, type ScopedBudget } from "./budget.ts";
import { approvedKeys, keysOfCall, shownValue, wholeBudget } from "./budget-value.ts";
import { type Estimate, estimateOf } from "./estimate.ts";
import { countsEstimate, dependsOnNames } from "./estimate-labels.ts";
import type { LatelyRead } from "./lately-read.ts";
import type { LeasedReservations } from "./leased-reservations.ts";
import type { ReservationEnd } from "./live-reservations.ts";
import type { ReservationFacts, ReservationIds } from "./reservation-ids.ts";
import { exceeded, needOf, quantityText, unmeasured } from "./reservation-needs.ts";
import { type EstimatePrice, endElsewhere } from "./reservations.sql.ts";
import type { ReservationNeed } from "./reserve-ask.ts";
import { readEstimateLabels } from "./reserve-input.ts";
import { recordSettlement } from "./settle-record.ts";

export interface PriceKey {
  readonly organizationId: string;
  readonly provider: string | undefined;
  readonly model: string;
}

export interface ReservationsParts {
  readonly leased: LeasedReservations;
  readonly processId: string;
  /** An organization's hard budgets. */
  readonly budgets: LatelyRead<string, readonly ScopedBudget[]>;
  readonly prices: LatelyRead<PriceKey, EstimatePrice>;
  readonly ids: () => Promise<ReservationIds>;
  /** What keys and organizations may use of tokens and money. */
  readonly limits: QuantityLimits;
  readonly ledger: Ledger;
  readonly store: Store;
  /** UTC milliseconds. */
  readonly clock: () => number;
}

/** Reservations by the estimate of a call, as they are spoken of over HTTP. */
export interface Reservations {
  /** Refuses with BUDGET_EXCEEDED, whose details name the budget, and with UNAVAILABLE where one cannot be asked. */
  reserve(caller: Caller, input: ReservationInput): Promise<Reservation>;
  /** Records first and ends the reservation then. Refuses as the ledger does. */
  settle(caller: Caller, id: string, input: SettlementInput): Promise<Settlement>;
  release(caller: Caller, id: string): Promise<ReservationRelease>;
}

/** A price that cannot be asked for at the moment. */
interface Unread {
  readonly kind: "unread";
  readonly error: unknown;
}

const ttlSecondsByDefault = 600;
/** Fallbacks of fallbacks are followed so far. */
const fallbacksMax = 3;

/** A reservation that was made, or the refusal with the budget that decided it. */
type Outcome =
  | { readonly kind: "granted"; readonly reservation: Reservation }
  | { readonly kind: "refused"; readonly by: Budget; readonly refusal: Refusal };

export function createReservations(parts: ReservationsParts): Reservations {
  const { leased, processId, clock, store } = parts;

  const readPrice = async (key: PriceKey): Promise<EstimatePrice | Unread> => {
    try {
      return await parts.prices.get(key);
    } catch (error) {
      return { kind: "unread", error };
    }
  };

  const attempt = async (caller: Caller, input: ReservationInput, fallbackFrom: string | null): Promise<Outcome> => {
    const { organizationId } = caller;
    const labels = readEstimateLabels(input, caller.records);
    const { model, provider } = input;
    const [ids, all, read] = await Promise.all([
      parts.ids(),
      parts.budgets.get(organizationId),
      model === undefined ? undefined : readPrice({ organizationId, provider, model }),
    ]);
    // Of a call whose amount is named the price book tells names alone, which are not asked for where none counts.
    const isNeeded = input.amount === undefined || all.some(({ budget }) => dependsOnNames(budget, provider));
    if (read?.kind === "unread" && isNeeded) throw read.error;
    const price = read?.kind === "unread" ? undefined : read;
    const estimate = estimateOf(input, labels, price, clock());
    const matching = all.filter((one) =>
      countsEstimate({ ...one, scope: one.budget.scope }, estimate.labels, estimate.resolvedModel, apiKeyIdOf(caller)),
    );
    const isVisible = ({ budget, teamProjects }: ScopedBudget): boolean =>
      isBudgetWithin(budget.scope, teamProjects, caller.records);
    const approval = await requireApproval(store, organizationId, input.approval_id);
    const needs: ReservationNeed[] = [];
    for (const one of matching) {
      const whole = needOf(one.budget, estimate);
      if (whole instanceof Refusal) return { kind: "refused", by: one.budget, refusal: whole };
      if (whole === undefined) continue;
      const approved = approval?.budgetId === one.budget.id ? approvedKeys(one, approval) : [];
      for (const value of keysOfCall(one, estimate.labels, apiKeyIdOf(caller))) {
        const need = { ...whole, value };
        needs.push(approval !== undefined && approved.includes(value) ? approvedNeed(need, approval) : need);
      }
    }
    const admission = await parts.limits.admitQuantities(caller, quantitiesOf(estimate), clock());
    if (admission.kind === "refused") throw admission.refusal;
    if (admission.kind === "unmeasured") throw unmeasured("a limit", admission.missing);
    const { hold } = admission;
    const onEnd = (): void => (hold === undefined ? undefined : parts.limits.giveBack(hold));
    const ttlMs = (input.ttl_seconds ?? ttlSecondsByDefault) * 1_000;
    const answer = await leased.reserve({ organizationId, needs, ttlMs, onEnd }).catch((error: unknown) => {
      onEnd();
      throw error;
    });
    if (answer.kind !== "granted") onEnd();
    const budgetOf = (id: string): ScopedBudget => matching.find(({ budget }) => budget.id === id) as ScopedBudget;
    switch (answer.kind) {
      case "granted": {
        const { number, expiresAtMs } = answer;
        if (approval !== undefined && answer.overLimit.includes(approval.budgetId)) {
          const isUsed = await store.run(consumeApproval, { organizationId, id: approval.id });
          if (!isUsed) {
            leased.end(number, "released");
            throw notApproved("is used already");
          }
        }
        const currency = estimate.money.kind === "priced" ? estimate.money.currency : null;
        const reservation: Reservation = {
          id: ids.write(organizationId, { processId, number, expiresAtMs, labels: estimate.labels, currency }),
          amount: estimate.money.kind === "priced" ? formatMoney(estimate.money.picos) : null,
          currency,
          tokens: estimate.tokens === undefined ? null : Number(estimate.tokens),
          provider: estimate.labels.provider,
          model: estimate.labels.model,
          fallback_from: fallbackFrom,
          expires_at: formatInstant(expiresAtMs),
          budgets: answer.budgets.flatMap((told) => {
            const one = budgetOf(told.budgetId);
            if (!isVisible(one)) return [];
            const { id, name } = one.budget;
            return [{ id, name, remaining: quantityText(one.budget, told.limit - told.spent - told.reserved) }];
          }),
          over_limit: answer.overLimit.length > 0,
          unsecured: answer.isUnsecured,
        };
        return { kind: "granted", reservation };
      }
      case "refused": {
        const one = budgetOf(answer.by.budgetId);
        const { requested: quantity } = answer;
        const { value = wholeBudget } = answer.by;
        const told = { told: answer.by, requested: quantity, value: shownValue(one, value) };
        const shown = isVisible(one) ? told : undefined;
        const toRequest = { organizationId, id: `approval_${randomUUID()}`, budgetId: one.budget.id, value };
        const asked =
          one.budget.at_limit?.action === "approve"
            ? await store.run(requestApproval, { ...toRequest, labels: estimate.labels, quantity })
            : undefined;
        const refusal = exceeded(one.budget, shown, asked);
        return { kind: "refused", by: one.budget, refusal };
      }
      case "away": {
        const { budget } = budgetOf(answer.budgetId);
        throw new Refusal(
          "UNAVAILABLE",
          `The budget ${JSON.stringify(budget.name)} cannot be asked at the moment: try again later.`,
        );
      }
      default:
        throw answer satisfies never;
    }
  };

  const readId = async ({ organizationId, records }: Caller, id: string): Promise<ReservationFacts> => {
    const facts = (await parts.ids()).read(organizationId, id);
    if (facts !== undefined) {
      const { projectId, userId } = facts.labels;
      if (isRecordWithin({ project_id: projectId, user_id: userId }, records)) return facts;
    }
    throw new Refusal("NOT_FOUND", "There is no reservation with this id.");
  };

  const end = async (
    { organizationId }: Caller,
    { processId: owner, number, expiresAtMs }: ReservationFacts,
    how: "settled" | "released",
  ): Promise<ReservationEnd> => {
    const isOver = clock() >= expiresAtMs;
    if (owner === processId) {
      const ended = leased.end(number, how);
      return isOver || ended === undefined ? "expired" : ended;
    }
    if (isOver) return "expired";
    return store.run(endElsewhere, { organizationId, processId: owner, number, how, expiresAtMs });
  };

  return {
    async reserve(caller, input) {
      let asked = input;
      let fallbackFrom: string | null = null;
      let first: Refusal | undefined;
      for (let fallbacks = 0; ; fallbacks += 1) {
        const outcome = await attempt(caller, asked, fallbackFrom);
        if (outcome.kind === "granted") return outcome.reservation;
        const { at_limit } = outcome.by;
        const model = at_limit?.action === "fallback" ? at_limit.model : undefined;
        // A price of the caller's own is not that of another model.
        const isOther = asked.model !== model || (at_limit?.provider ?? asked.provider) !== asked.provider;
        const isPossible = model !== undefined && asked.amount === undefined && isOther;
        // What was asked for is what is refused, except where a fallback can be approved.
        const told = outcome.refusal.details?.["approval_id"] === undefined ? first : undefined;
        if (!isPossible || fallbacks === fallbacksMax) throw told ?? outcome.refusal;
        first ??= outcome.refusal;
        fallbackFrom = input.model ?? null;
        // The caller's provider is that of the caller's model.
        asked = { ...asked, model, provider: at_limit?.provider };
      }
    },
    async settle(caller, id, input) {
      const facts = await readId(caller, id);
      const recordId = (await parts.ids()).recordId(caller.organizationId, facts);
      const told = { caller, facts, recordId, input };
      const { record, warnings } = await recordSettlement({ ledger: parts.ledger, store, ...told });
      // What the call cost is on disk from here on, before what was set aside for it is free.
      const reservation = await end(caller, facts, "settled");
      return { data: { id, reservation, record }, warnings: [...warnings] };
    },
    async release(caller, id) {
      return { id, reservation: await end(caller, await readId(caller, id), "released") };
    },
  };
}

const quantitiesOf = ({ money, tokens }: Estimate): Quantities => ({
  tokens,
  ...(money.kind === "priced" && { picos: money.picos, currency: money.currency }),
});

const notApproved = (text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `approval_id ${text}.`, { fieldErrors: { approval_id: text } });

interface NamedApproval extends ApprovalFacts {
  readonly id: string;
}

/** The approval that a request names; undefined where it names none. */
async function requireApproval(
  store: Store,
  organizationId: string,
  id: string | undefined,
): Promise<NamedApproval | undefined> {
  if (id === undefined) return undefined;
  const found = await inTime(store.run(readApproval, { organizationId, id }), refuseSilent);
  if (found === undefined) throw notApproved("names no request for approval");
  if (found.state !== "approved") throw notApproved(`names a request that is ${found.state}`);
  return { id, ...found };
}

/** An approval lets through what was asked for then, or less. */
function approvedNeed(need: ReservationNeed, { quantity }: ApprovalFacts): ReservationNeed {
  if (need.quantity > quantity) throw notApproved("was given for less than this");
  return { ...need, beyond: "allow" };
}
