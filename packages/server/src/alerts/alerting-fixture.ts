/** Organizations whose alerts are evaluated at instants that a test decides, on the store that this run is about. */
import { randomUUID } from "node:crypto";
import type { Alert, AlertRule, AlertRuleInput, Budget, BudgetInput, BudgetUpdate } from "@llm-cost-ops/contract";
import { createBudgets } from "../budgets/budgets.sql.ts";
import { readBudgetChange, readBudgetTerms } from "../budgets/read-budget.ts";
import type { Caller } from "../http/route.ts";
import { openTested, type TestedStore } from "../store/opened-fixture.ts";
import { voidRecord } from "../usage/operations.sql.ts";
import { formatUuid, uuidV7Maker } from "../usage/record-id.ts";
import { batchOf } from "../usage/store-with-ledger-fixture.ts";
import { createWebhook } from "../webhooks/endpoints.sql.ts";
import { keepSecret } from "../webhooks/secrets.ts";
import { makeSecret } from "../webhooks/signatures.ts";
import { listAlerts } from "./alerts.sql.ts";
import { type EvaluationParts, evaluate } from "./evaluate.ts";
import { createRule, deleteRule, updateRule } from "./rules.sql.ts";

export interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export class Alerting {
  /** UTC milliseconds. */
  now = Date.UTC(2026, 10, 16, 12);
  readonly opened: TestedStore;
  readonly failures: unknown[] = [];

  private constructor(opened: TestedStore) {
    this.opened = opened;
  }

  static async open(): Promise<Alerting> {
    return new Alerting(await openTested());
  }

  /** What a server process has to evaluate with. */
  process(): EvaluationParts {
    const makeId = uuidV7Maker();
    return {
      store: this.opened.store,
      query: this.opened.query,
      clock: () => this.now,
      newId: () => formatUuid(makeId(this.now)),
      onFailure: (error) => this.failures.push(error),
    };
  }

  tenant(): Tenant {
    return new Tenant(this, `o-${randomUUID()}`);
  }

  close(): Promise<void> {
    return this.opened.close();
  }
}

export class Tenant {
  readonly id: string;
  readonly #alerting: Alerting;
  readonly #parts: EvaluationParts;

  constructor(alerting: Alerting, id: string) {
    this.id = id;
    this.#alerting = alerting;
    this.#parts = alerting.process();
  }

  get #store() {
    return this.#alerting.opened.store;
  }

  /** Somebody who listens to events. */
  async listen(events: readonly string[] = ["budget.threshold_exceeded", "budget.exceeded"]): Promise<void> {
    await this.#store.run(createWebhook, {
      organizationId: this.id,
      id: `wh_${randomUUID()}`,
      input: { url: "https://hooks.example.invalid/", events: events as ["budget.exceeded"] },
      secret: keepSecret(makeSecret(), undefined),
    });
  }

  budget(input: Partial<BudgetInput> = {}): Promise<Budget> {
    const terms = readBudgetTerms({ name: "production", amount: "100", period: { kind: "month" }, ...input });
    return createBudgets(this.#store).create({ organizationId: this.id }, terms);
  }

  amend(id: string, update: BudgetUpdate): Promise<Budget> {
    return createBudgets(this.#store).update({ organizationId: this.id }, id, readBudgetChange(update));
  }

  removeBudget(id: string): Promise<void> {
    return createBudgets(this.#store).remove({ organizationId: this.id }, id);
  }

  rule(input: Partial<AlertRuleInput> = {}): Promise<AlertRule> {
    const full: AlertRuleInput = { name: "rule", kind: "budget", quiet_period_minutes: 0, ...input };
    return this.#store.run(createRule, { organizationId: this.id, id: `rule_${randomUUID()}`, input: full });
  }

  change(id: string, update: Parameters<typeof updateRule.run>[1]["update"]): Promise<AlertRule> {
    return this.#store.run(updateRule, { organizationId: this.id, id, update });
  }

  removeRule(id: string): Promise<void> {
    return this.#store.run(deleteRule, { organizationId: this.id, id });
  }

  /** Costs money at an instant, now if absent; answers the record's id. */
  async spend(cost: string, at = this.#alerting.now, more: object = {}): Promise<string> {
    return this.#append({ model: "gpt-4o", provider: "openai", tokens_used: 10, cost, ...more }, at, "cost");
  }

  /** A call that is priced by the ledger, or is not where it knows no price. */
  call(more: object = {}, at = this.#alerting.now, apiKeyId?: string): Promise<string> {
    const usage = { provider: "openai", model: "gpt-4o", input_tokens: 100, output_tokens: 10, ...more };
    return this.#append(usage, at, "usage", apiKeyId);
  }

  async #append(record: object, atMs: number, entry: "usage" | "cost", apiKeyId?: string): Promise<string> {
    const id = randomUUID();
    const occurred_at = new Date(atMs).toISOString();
    const usage = batchOf([{ id, occurred_at, ...record }], entry);
    const principal = { kind: "key", id: apiKeyId ?? "", name: "" } as const;
    const recordedBy: Caller = { organizationId: this.id, principal, permissions: new Set() };
    const [item] = await this.#alerting.opened.ledger.append(
      this.id,
      apiKeyId === undefined ? usage : { ...usage, recordedBy },
    );
    if (item?.status !== "recorded") throw new Error(`not recorded: ${JSON.stringify(item)}`);
    return id;
  }

  async takeBack(id: string): Promise<void> {
    await this.#store.run(voidRecord, { organizationId: this.id, id });
  }

  /** Looks at everything, as often as other processes make it necessary. */
  async look(parts: EvaluationParts = this.#parts): Promise<readonly Alert[]> {
    const told: Alert[] = [];
    for (;;) {
      const seen = await evaluate(parts, this.id);
      told.push(...seen.told);
      if (!seen.isStale) return told;
    }
  }

  /** Oldest first. */
  async alerts(): Promise<readonly Alert[]> {
    const page = { organizationId: this.id, filter: {}, beforeId: null, limit: 1_000 };
    return (await this.#store.run(listAlerts, page)).toReversed();
  }

  /** Alerts as `threshold state because`, oldest first. */
  async briefly(): Promise<readonly string[]> {
    const words = ({ threshold, state, resolved_because: why }: Alert) => [threshold, state, why ?? ""];
    return (await this.alerts()).map((alert) => words(alert).join(" ").trim());
  }

  /** What lies in the outbox, oldest first. */
  async events(): Promise<readonly Told[]> {
    const rows = await this.#alerting.opened.rows(
      "SELECT e.organization_id, e.body FROM webhook_events e JOIN webhook_deliveries d ON d.organization_id = e.organization_id AND d.event_id = e.id ORDER BY d.created_at, d.id",
    );
    return rows
      .filter(({ organization_id }) => organization_id === this.id)
      .map(({ body }) => JSON.parse(String(body)) as Told);
  }

  /** Events of thresholds as `type threshold spent`. */
  async thresholds(): Promise<readonly string[]> {
    return (await this.events()).map(({ type, data }) => `${type} ${data["threshold"]} ${data["spent"]}`);
  }
}
