import { alertOperations } from "../alerts/alerts.sql.ts";
import { countErrors } from "../alerts/error-counts.sql.ts";
import { alertRuleOperations } from "../alerts/rules.sql.ts";
import { alertWatchOperations } from "../alerts/watches.sql.ts";
import { auditOperations } from "../audit/audit.sql.ts";
import { budgetLeaseOperations } from "../budgets/budget-leases.sql.ts";
import { budgetTransferOperations } from "../budgets/budget-transfer.sql.ts";
import { budgetOperations } from "../budgets/budgets.sql.ts";
import { reservationOperations } from "../budgets/reservations.sql.ts";
import { tenantBudgetOperations } from "../budgets/tenant-budgets.sql.ts";
import { channelOperations } from "../channels/channels.sql.ts";
import { costQueryOperations } from "../costs/cost-query.sqlite.ts";
import { exportOperations } from "../exports/exports.sql.ts";
import { feedOperations } from "../feed/feed.sql.ts";
import { feedWebhookOperations } from "../feed/tell-webhooks.sql.ts";
import { idempotencyOperations } from "../idempotency/idempotency.sql.ts";
import { apiKeyOperations } from "../identity/api-keys.sql.ts";
import { importOperations } from "../imports/imports.sql.ts";
import { jobOperations } from "../jobs/job-queue.sql.ts";
import { quantityCountOperations } from "../limits/quantity-counts.sql.ts";
import { invitationOperations } from "../members/invitations.sql.ts";
import { memberOperations } from "../members/members.sql.ts";
import { roleOperations } from "../members/roles.sql.ts";
import { organizationOperations } from "../organizations/organizations.sql.ts";
import { pricingOperations } from "../pricing/price-book.sql.ts";
import { projectOperations } from "../projects/projects.sql.ts";
import { teamOperations } from "../projects/teams.sql.ts";
import { retentionOperations } from "../retention/retention.sql.ts";
import { sessionOperations } from "../sessions/sessions.sql.ts";
import type { StoreOperation } from "../store/operation.ts";
import { appendUsage } from "../usage/append-usage.sqlite.ts";
import { checkLedgerOperation } from "../usage/check-ledger.sql.ts";
import { usageOperations } from "../usage/operations.sql.ts";
import { settleDays } from "../usage/settle-days.sql.ts";
import { passwordResetOperations } from "../users/password-resets.sql.ts";
import { signInOperations } from "../users/sign-in.sql.ts";
import { userOperations } from "../users/users.sql.ts";
import { viewOperations } from "../views/views.sql.ts";
import { webhookDeliveryOperations } from "../webhooks/deliveries.sql.ts";
import { deliveryQueueOperations } from "../webhooks/delivery-queue.sql.ts";
import { webhookOperations } from "../webhooks/endpoints.sql.ts";
import { webhookLeaseOperations } from "../webhooks/leases.sql.ts";
import type { SqliteGroupOperation, SqliteOperation } from "./operation.ts";
import { onThread, threadOf } from "./store-connection.ts";

/** Any operation, whatever it takes and gives: arguments and results were checked where the operation is called. */
export type AnySqliteOperation = SqliteOperation<never, unknown>;

/** Operations that are the same on every store. Every domain adds its list here. */
export const storeOperations: readonly StoreOperation<never, unknown>[] = [
  ...apiKeyOperations,
  ...auditOperations,
  ...idempotencyOperations,
  ...jobOperations,
  ...exportOperations,
  ...importOperations,
  ...organizationOperations,
  ...pricingOperations,
  ...usageOperations,
  checkLedgerOperation,
  ...memberOperations,
  ...roleOperations,
  ...invitationOperations,
  ...projectOperations,
  ...budgetOperations,
  ...budgetTransferOperations,
  ...tenantBudgetOperations,
  ...alertRuleOperations,
  ...alertOperations,
  ...alertWatchOperations,
  countErrors,
  ...reservationOperations,
  ...budgetLeaseOperations,
  ...feedOperations,
  ...feedWebhookOperations,
  ...quantityCountOperations,
  ...retentionOperations,
  settleDays,
  ...teamOperations,
  ...userOperations,
  ...signInOperations,
  ...passwordResetOperations,
  ...sessionOperations,
  ...webhookOperations,
  ...webhookLeaseOperations,
  ...channelOperations,
  ...viewOperations,
  ...webhookDeliveryOperations,
  ...deliveryQueueOperations,
];

const onThreads = (access: "read" | "write"): readonly AnySqliteOperation[] =>
  storeOperations.filter((operation) => threadOf(operation) === access).map(onThread);

/** Operations that the writer thread runs, each in a transaction of its own. Every domain adds its list here. */
export const writeOperations: readonly AnySqliteOperation[] = onThreads("write");

/** Operations that the reader thread runs. */
export const readOperations: readonly AnySqliteOperation[] = [...costQueryOperations, ...onThreads("read")];

/** Operations whose waiting calls the writer thread runs together. */
export const groupOperations: readonly SqliteGroupOperation<never, unknown>[] = [appendUsage];

/** Operations that the preparer thread runs. */
export const prepareOperations: readonly AnySqliteOperation[] = groupOperations.flatMap(({ preparation }) =>
  preparation === undefined ? [] : [preparation.operation],
);

/** Operations by name. Two of one name are a mistake that must not start. */
export function operationsByName<Operation extends { readonly name: string }>(
  operations: readonly Operation[],
): ReadonlyMap<string, Operation> {
  const byName = new Map<string, Operation>();
  for (const operation of operations) {
    if (byName.has(operation.name)) throw new Error(`two operations are called ${operation.name}`);
    byName.set(operation.name, operation);
  }
  return byName;
}
