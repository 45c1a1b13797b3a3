import type { OperationId } from "@llm-cost-ops/contract";

/**
 * Where each operation lives, and whether doing it twice is the same as doing it once. The contract has the same table
 * with schemas; this one is without them, so that a bundle of the client does not carry a validator. A test compares both.
 */
export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** True: any failure may be tried again. False: only what certainly was not done, or is answered once for each key. */
  readonly repeatable: boolean;
  /** Whether the server runs it once for each `Idempotency-Key` and gives a repetition the first answer. */
  readonly keyed: boolean;
}

const api = "/api/v1";
const read = (path: string): Endpoint => ({ method: "GET", path, repeatable: true, keyed: false });
const once = (path: string): Endpoint => ({ method: "POST", path, repeatable: false, keyed: true });
const repeatable = (method: Endpoint["method"], path: string): Endpoint => ({
  method,
  path,
  repeatable: true,
  keyed: method === "POST",
});
/** Where a second time would be another deed, and no key tells the server that it is the second. */
const never = (method: Endpoint["method"], path: string): Endpoint => ({
  method,
  path,
  repeatable: false,
  keyed: false,
});
/** Keys belong to an organization, and here the request has none yet. */
const unkeyed = (endpoint: Endpoint): Endpoint => ({ ...endpoint, keyed: false });

export const endpoints = {
  // Records carry ids made here, before the first attempt, so that the ledger knows a repetition.
  "usage.create": repeatable("POST", `${api}/usage`),
  "usage.batchCreate": repeatable("POST", `${api}/usage/batch`),
  "usage.list": read(`${api}/usage`),
  "usage.get": read(`${api}/usage/:id`),
  "usage.explain": read(`${api}/usage/:id/explain`),
  "costs.create": repeatable("POST", `${api}/costs`),
  "costs.bulkCreate": repeatable("POST", `${api}/costs/bulk`),
  "costs.list": read(`${api}/costs`),
  "costs.aggregate": read(`${api}/costs/aggregate`),
  "costs.summary": read(`${api}/costs/summary`),
  "costs.projection": read(`${api}/costs/projection`),
  "costs.stream": read(`${api}/costs/stream`),
  // A question that needs a body.
  "costs.batchQuery": repeatable("POST", `${api}/costs/batch-query`),
  "costs.get": read(`${api}/costs/:id`),
  // Sets labels to given values and voids what may already be void: the second time changes nothing.
  "costs.update": repeatable("PATCH", `${api}/costs/:id`),
  "costs.delete": repeatable("DELETE", `${api}/costs/:id`),
  "pricing.create": once(`${api}/pricing`),
  "pricing.list": read(`${api}/pricing`),
  "pricing.resolve": read(`${api}/pricing/resolve`),
  "pricing.get": read(`${api}/pricing/:id`),
  // Appends a version; the second time it would contradict the first.
  "pricing.update": never("PUT", `${api}/pricing/:id`),
  "pricing.end": once(`${api}/pricing/:id/end`),
  "providers.list": read(`${api}/pricing/providers`),
  "providers.create": once(`${api}/pricing/providers`),
  "aliases.list": read(`${api}/pricing/aliases`),
  "aliases.create": once(`${api}/pricing/aliases`),
  "aliases.delete": repeatable("DELETE", `${api}/pricing/aliases/:provider/:alias`),
  "catalogue.versions": read(`${api}/pricing/catalogue`),
  "catalogue.preview": repeatable("POST", `${api}/pricing/catalogue/preview`),
  "catalogue.apply": once(`${api}/pricing/catalogue/apply`),
  "repricings.create": once(`${api}/repricings`),
  "repricings.list": read(`${api}/repricings`),
  "repricings.get": read(`${api}/repricings/:id`),
  "repricings.apply": once(`${api}/repricings/:id/apply`),
  "repricings.undo": once(`${api}/repricings/:id/undo`),
  "imports.create": once(`${api}/imports`),
  "imports.list": read(`${api}/imports`),
  "imports.get": read(`${api}/imports/:id`),
  "exports.create": once(`${api}/exports`),
  "exports.list": read(`${api}/exports`),
  "exports.get": read(`${api}/exports/:id`),
  "exports.download": read(`${api}/exports/:id/download`),
  "limits.list": read(`${api}/limits`),
  "apiKeys.create": once(`${api}/api-keys`),
  "apiKeys.list": read(`${api}/api-keys`),
  "apiKeys.update": repeatable("PATCH", `${api}/api-keys/:id`),
  "apiKeys.rotate": once(`${api}/api-keys/:id/rotate`),
  "apiKeys.revoke": repeatable("DELETE", `${api}/api-keys/:id`),
  "organizations.create": once(`${api}/organizations`),
  "organizations.list": read(`${api}/organizations`),
  "organizations.costs": read(`${api}/organizations/costs`),
  "organizations.get": read(`${api}/organizations/:id`),
  "organizations.update": repeatable("PATCH", `${api}/organizations/:id`),
  "members.list": read(`${api}/organizations/:id/users`),
  "members.get": read(`${api}/organizations/:id/users/:user_id`),
  "members.remove": never("DELETE", `${api}/organizations/:id/users/:user_id`),
  // Puts one role in a place: the second time it is there already.
  "members.assignRole": repeatable("POST", `${api}/organizations/:id/role-assignments`),
  "members.removeRole": never("DELETE", `${api}/organizations/:id/users/:user_id/roles`),
  "invitations.create": once(`${api}/organizations/:id/invitations`),
  "invitations.list": read(`${api}/organizations/:id/invitations`),
  "invitations.revoke": repeatable("DELETE", `${api}/organizations/:id/invitations/:invitation_id`),
  "invitations.accept": never("POST", `${api}/invitations/accept`),
  "roles.list": read(`${api}/roles`),
  "roles.get": read(`${api}/roles/:role`),
  "roles.create": once(`${api}/roles`),
  "roles.update": repeatable("PATCH", `${api}/roles/:role`),
  "roles.delete": never("DELETE", `${api}/roles/:role`),
  "projects.create": once(`${api}/projects`),
  "projects.list": read(`${api}/projects`),
  "projects.get": read(`${api}/projects/:id`),
  "projects.update": repeatable("PATCH", `${api}/projects/:id`),
  "teams.create": once(`${api}/teams`),
  "teams.list": read(`${api}/teams`),
  "teams.get": read(`${api}/teams/:id`),
  "teams.update": repeatable("PATCH", `${api}/teams/:id`),
  "teams.delete": never("DELETE", `${api}/teams/:id`),
  // The second time the password, the code or the token is none any more, or there is nothing left to end.
  "auth.login": never("POST", `${api}/auth/login`),
  // An answer that was lost is given again, for a while.
  "auth.refresh": unkeyed(repeatable("POST", `${api}/auth/refresh`)),
  "auth.browserLogin": never("POST", `${api}/auth/browser/login`),
  "auth.browserRefresh": unkeyed(repeatable("POST", `${api}/auth/browser/refresh`)),
  "auth.logout": once(`${api}/auth/logout`),
  "auth.whoami": read(`${api}/auth/whoami`),
  "auth.sessions": read(`${api}/auth/sessions`),
  "auth.revokeSession": never("DELETE", `${api}/auth/sessions/:id`),
  "auth.changePassword": once(`${api}/auth/password`),
  "auth.requestPasswordReset": never("POST", `${api}/auth/password-reset`),
  "auth.confirmPasswordReset": never("POST", `${api}/auth/password-reset/confirm`),
  "auth.startTotp": once(`${api}/auth/totp`),
  "auth.confirmTotp": once(`${api}/auth/totp/confirm`),
  "auth.removeTotp": never("DELETE", `${api}/auth/totp`),
  "auth.renewRecoveryCodes": once(`${api}/auth/recovery-codes`),
  "users.create": once(`${api}/users`),
  "users.resetPassword": once(`${api}/users/:id/password-reset`),
  "users.sessions": read(`${api}/users/:id/sessions`),
  "users.revokeSession": never("DELETE", `${api}/users/:id/sessions/:session_id`),
  "audit.list": read(`${api}/audit`),
  "audit.export": read(`${api}/audit/export`),
  // A question that may need a body; a checkpoint of the same entry is kept once.
  "audit.verify": repeatable("POST", `${api}/audit/verify`),
  "audit.checkpoint": repeatable("POST", `${api}/audit/checkpoints`),
  "budgets.create": once(`${api}/budgets`),
  "budgets.list": read(`${api}/budgets`),
  "budgets.statuses": read(`${api}/budgets/statuses`),
  "budgets.getCurrent": read(`${api}/budgets/current`),
  "budgets.get": read(`${api}/budgets/:id`),
  "budgets.update": repeatable("PATCH", `${api}/budgets/:id`),
  "budgets.delete": never("DELETE", `${api}/budgets/:id`),
  "budgets.transfer": once(`${api}/budgets/:id/transfer`),
  "budgets.status": read(`${api}/budgets/:id/status`),
  "budgets.values": read(`${api}/budgets/:id/values`),
  "budgets.history": read(`${api}/budgets/:id/history`),
  // One whose answer was lost expires by itself; a key for each would be a trip to the database, which they are to spare.
  "reservations.create": repeatable("POST", `${api}/budgets/reservations`),
  // The reservation decides the record's id, so that the ledger knows a repetition.
  "reservations.settle": repeatable("POST", `${api}/budgets/reservations/:id/settle`),
  "approvals.list": read(`${api}/budgets/approvals`),
  "approvals.approve": repeatable("POST", `${api}/budgets/approvals/:id/approve`),
  "approvals.deny": repeatable("POST", `${api}/budgets/approvals/:id/deny`),
  "reservations.release": repeatable("POST", `${api}/budgets/reservations/:id/release`),
  "alertRules.create": once(`${api}/alerts/rules`),
  "alertRules.list": read(`${api}/alerts/rules`),
  "alertRules.get": read(`${api}/alerts/rules/:id`),
  "alertRules.update": repeatable("PATCH", `${api}/alerts/rules/:id`),
  "alertRules.delete": never("DELETE", `${api}/alerts/rules/:id`),
  "alerts.list": read(`${api}/alerts`),
  "alerts.get": read(`${api}/alerts/:id`),
  // Whoever was first has done it: the second time it is so already.
  "alerts.acknowledge": repeatable("POST", `${api}/alerts/:id/acknowledge`),
  "alerts.resolve": repeatable("POST", `${api}/alerts/:id/resolve`),
  "webhooks.create": once(`${api}/webhooks`),
  "webhooks.list": read(`${api}/webhooks`),
  "webhooks.get": read(`${api}/webhooks/:id`),
  "webhooks.update": repeatable("PATCH", `${api}/webhooks/:id`),
  "webhooks.delete": never("DELETE", `${api}/webhooks/:id`),
  "webhooks.rotateSecret": once(`${api}/webhooks/:id/secret`),
  "webhooks.test": once(`${api}/webhooks/:id/test`),
  "webhooks.deliveries": read(`${api}/webhooks/:id/deliveries`),
  "webhooks.replay": once(`${api}/webhooks/:id/deliveries/:delivery_id/replay`),
  "channels.create": once(`${api}/channels`),
  "channels.list": read(`${api}/channels`),
  "channels.get": read(`${api}/channels/:id`),
  "channels.update": repeatable("PATCH", `${api}/channels/:id`),
  "channels.delete": never("DELETE", `${api}/channels/:id`),
  "channels.test": once(`${api}/channels/:id/test`),
  "channels.deliveries": read(`${api}/channels/:id/deliveries`),
  "views.create": once(`${api}/views`),
  "views.list": read(`${api}/views`),
  "views.get": read(`${api}/views/:id`),
  "views.update": repeatable("PATCH", `${api}/views/:id`),
  "views.delete": never("DELETE", `${api}/views/:id`),
  "live.stream": read(`${api}/stream`),
  "otlp.traces": once("/v1/traces"),
  "system.health": read("/health"),
  "system.ready": read("/ready"),
  "system.live": read("/live"),
  "system.metrics": read("/metrics"),
  "system.openapi": read("/openapi.json"),
  "system.docs": read("/docs"),
} as const satisfies Record<OperationId, Endpoint>;

/** The path of an operation with its parameters filled in; each stays one segment whatever it contains. */
export function pathOf(operation: OperationId, params: Readonly<Record<string, string>> = {}): string {
  return endpoints[operation].path.replace(/:([a-z_]+)/g, (_, name: string) => {
    const value = params[name];
    if (typeof value !== "string" || value === "") throw new TypeError(`${operation} needs ${name}`);
    // "." and ".." survive percent-encoding and would be removed as path segments.
    if (value === "." || value === "..") throw new TypeError(`${name} must not be "${value}"`);
    return encodeURIComponent(value);
  });
}
