import type * as Wire from "@llm-cost-ops/contract";
import { pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** Something that is worth an alert. `threshold` is a decimal string. */
export interface AlertRule extends FromWire<Wire.AlertRule> {}
/** What came of a rule: open, acknowledged or resolved. `threshold` and `value` are decimal strings. */
export interface Alert extends FromWire<Wire.Alert> {}
export interface CreateAlertRuleParams extends ToWire<Wire.AlertRuleInput> {}
export interface UpdateAlertRuleParams extends ToWire<Wire.AlertRuleUpdate> {}
export interface ListAlertsParams {
  readonly state?: Alert["state"] | undefined;
  readonly severity?: Alert["severity"] | undefined;
  readonly ruleId?: string | undefined;
  readonly budgetId?: string | undefined;
  /** Alerts of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Rules that say what is worth an alert. */
export class AlertRules {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws ConflictError where the name is taken, ValidationError naming the field that is wrong. */
  async create(params: CreateAlertRuleParams, options?: RequestOptions): Promise<AlertRule> {
    const body = JSON.stringify(toWire(params));
    const answer = await this.#session.transport.json({ operation: "alertRules.create", body, options });
    return fromWire<Wire.AlertRule>(dataOf(answer));
  }

  /** By name. */
  async list(options?: RequestOptions): Promise<AlertRule[]> {
    const answer = await this.#session.transport.json({ operation: "alertRules.list", options });
    return fromWire<Wire.AlertRule[]>(dataOf(answer));
  }

  async get(id: string, options?: RequestOptions): Promise<AlertRule> {
    const answer = await this.#session.transport.json({ operation: "alertRules.get", params: { id }, options });
    return fromWire<Wire.AlertRule>(dataOf(answer));
  }

  /** Alerts of what the rule no longer asks for are resolved. */
  async update(id: string, params: UpdateAlertRuleParams, options?: RequestOptions): Promise<AlertRule> {
    const body = JSON.stringify(toWire(params));
    const request = { operation: "alertRules.update", params: { id }, body, options } as const;
    return fromWire<Wire.AlertRule>(dataOf(await this.#session.transport.json(request)));
  }

  /** Its alerts are resolved and stay to be read. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "alertRules.delete", params: { id }, options });
  }
}

/** Alerts of the caller's organization, and the rules that they come from. */
export class Alerts {
  readonly rules: AlertRules;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    this.rules = new AlertRules(session);
  }

  /** One page of alerts, newest first. */
  async list(params: ListAlertsParams = {}, options?: RequestOptions): Promise<Page<Alert>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "alerts.list", query, options });
    return pageFromWire(answer, (alert) => fromWire<Wire.Alert>(alert));
  }

  async get(id: string, options?: RequestOptions): Promise<Alert> {
    const answer = await this.#session.transport.json({ operation: "alerts.get", params: { id }, options });
    return fromWire<Wire.Alert>(dataOf(answer));
  }

  /**
   * Says that somebody takes care: the alert does not escalate any more.
   *
   * @throws ConflictError where it is resolved already.
   */
  async acknowledge(id: string, note?: string, options?: RequestOptions): Promise<Alert> {
    return this.#step("alerts.acknowledge", id, note, options);
  }

  /** Says that it is done with: told again only after its value fell and rose once more. */
  async resolve(id: string, note?: string, options?: RequestOptions): Promise<Alert> {
    return this.#step("alerts.resolve", id, note, options);
  }

  async #step(
    operation: "alerts.acknowledge" | "alerts.resolve",
    id: string,
    note: string | undefined,
    options: RequestOptions | undefined,
  ): Promise<Alert> {
    const body = JSON.stringify({ note });
    return fromWire<Wire.Alert>(
      dataOf(await this.#session.transport.json({ operation, params: { id }, body, options })),
    );
  }
}
