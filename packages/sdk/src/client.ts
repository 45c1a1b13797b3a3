import { Alerts } from "./alerts.ts";
import { ApiKeys } from "./api-keys.ts";
import { Audit } from "./audit.ts";
import { Auth } from "./auth.ts";
import { Budgets } from "./budgets.ts";
import { calculateCost } from "./calculate-cost.ts";
import { Channels } from "./channels.ts";
import { Costs, type CreatedCost } from "./costs.ts";
import { Exports } from "./exports.ts";
import { Imports } from "./imports.ts";
import { followStream, type LiveEvent, type LiveParams } from "./live.ts";
import { Roles } from "./members.ts";
import { type ClientOptions, type RequestOptions, resolveSettings } from "./options.ts";
import { Organizations } from "./organizations.ts";
import { Pricing } from "./pricing.ts";
import { Projects, Teams } from "./projects.ts";
import type { CreateCostParams } from "./records.ts";
import { Repricings } from "./repricings.ts";
import { Session } from "./session.ts";
import { System } from "./system.ts";
import { Usage } from "./usage.ts";
import { Users } from "./users.ts";
import { Views } from "./views.ts";
import { Webhooks } from "./webhooks.ts";

/**
 * The client of a LLM Cost Ops server. Make one and share it.
 *
 * ```ts
 * const client = new CostOpsClient({ apiKey, baseURL: "https://costs.example.com" });
 * const usage = await client.usage.create({ provider: "openai", model: "gpt-4o", inputTokens: 1_000, outputTokens: 500 });
 * console.log(usage.totalCost, usage.totalCostExact);
 * ```
 *
 * @throws TypeError or RangeError naming an option or an environment variable that is wrong.
 */
export class CostOpsClient {
  readonly usage: Usage;
  readonly costs: Costs;
  readonly pricing: Pricing;
  readonly repricings: Repricings;
  readonly imports: Imports;
  readonly exports: Exports;
  /** The same as `exports`. */
  readonly export: Exports;
  readonly apiKeys: ApiKeys;
  readonly audit: Audit;
  readonly auth: Auth;
  readonly users: Users;
  readonly organizations: Organizations;
  readonly roles: Roles;
  readonly projects: Projects;
  readonly teams: Teams;
  readonly budgets: Budgets;
  readonly alerts: Alerts;
  readonly channels: Channels;
  readonly webhooks: Webhooks;
  readonly views: Views;
  readonly system: System;
  readonly #session: Session;

  constructor(options: ClientOptions = {}) {
    const session = new Session(resolveSettings(options));
    this.#session = session;
    this.usage = new Usage(session);
    this.costs = new Costs(session);
    this.pricing = new Pricing(session);
    this.repricings = new Repricings(session);
    this.imports = new Imports(session);
    this.exports = new Exports(session);
    this.export = this.exports;
    this.apiKeys = new ApiKeys(session);
    this.audit = new Audit(session);
    this.auth = new Auth(session);
    this.users = new Users(session);
    this.organizations = new Organizations(session);
    this.roles = new Roles(session);
    this.projects = new Projects(session);
    this.teams = new Teams(session);
    this.budgets = new Budgets(session);
    this.alerts = new Alerts(session);
    this.channels = new Channels(session);
    this.webhooks = new Webhooks(session);
    this.views = new Views(session);
    this.system = new System(session);
  }

  /**
   * What is recorded, as it happens, until the loop is left or the signal aborted. A connection that breaks is made again and
   * goes on behind the last event.
   *
   * ```ts
   * for await (const event of client.stream({ events: ["usage"] })) console.log(event.data.model, event.data.totalCost);
   * ```
   */
  stream(params: LiveParams = {}, options?: RequestOptions): AsyncGenerator<LiveEvent, void, undefined> {
    return followStream(this.#session, params, options);
  }

  /** The same as `costs.create`. */
  create(entry: CreateCostParams, options?: RequestOptions): Promise<CreatedCost> {
    return this.costs.create(entry, options);
  }

  /** An estimate: `tokens × ratePer1k ÷ 1000`. */
  calculateCost(tokens: number, ratePer1k: number): number {
    return calculateCost(tokens, ratePer1k);
  }
}
