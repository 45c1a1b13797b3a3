export type {
  Alert,
  AlertRule,
  AlertRules,
  Alerts,
  CreateAlertRuleParams,
  ListAlertsParams,
  UpdateAlertRuleParams,
} from "./alerts.ts";
export type {
  ApiKey,
  ApiKeys,
  CreateApiKeyParams,
  CreatedApiKey,
  QuantityLimits,
  UpdateApiKeyParams,
} from "./api-keys.ts";
export type {
  Audit,
  AuditCheckpoint,
  AuditEntry,
  AuditFilters,
  AuditVerification,
  ExportAuditParams,
  ListAuditParams,
} from "./audit.ts";
export type {
  Auth,
  BrowserSession,
  FactorProof,
  LimitStatus,
  LoginParams,
  SessionTokens,
  TotpOffer,
  UserSession,
  WhoAmI,
} from "./auth.ts";
export type {
  Budget,
  BudgetAmendment,
  BudgetHistoryParams,
  BudgetStatus,
  Budgets,
  BudgetTransfer,
  BudgetValue,
  BudgetValueParams,
  CreateBudgetParams,
  CurrentBudgetParams,
  ListBudgetsParams,
  ListedBudgetStatus,
  TransferBudgetParams,
  UpdateBudgetParams,
} from "./budgets.ts";
export type { ByteSource } from "./byte-source.ts";
export type {
  Channel,
  ChannelDelivery,
  Channels,
  CreateChannelParams,
  CreatedChannel,
  ListChannelDeliveriesParams,
  UpdateChannelParams,
} from "./channels.ts";
export { CostOpsClient } from "./client.ts";
export type {
  AggregateParams,
  AggregateResult,
  BatchQueryParams,
  BatchSums,
  CostProjection,
  CostSummary,
  Costs,
  CreatedCost,
  GroupBy,
  ProjectionParams,
  StreamParams,
  UpdateCostParams,
} from "./costs.ts";
export {
  AbortedError,
  APIError,
  AuthenticationError,
  type BatchProgress,
  BudgetExceededError,
  ConflictError,
  CostOpsError,
  type FieldError,
  NetworkError,
  NotFoundError,
  RateLimitError,
  TimeoutError,
  ValidationError,
} from "./errors.ts";
export type { CreateExportParams, ExportFile, ExportRecord, Exports } from "./exports.ts";
export type { CostFilters, ListParams, NestedFilters, PageParams } from "./filters.ts";
export type { ImportEvent, ImportOptions, ImportReport, Imports } from "./imports.ts";
export type { LiveEvent, LiveParams } from "./live.ts";
export type { Logger } from "./logging.ts";
export type {
  AcceptInvitationParams,
  AssignRoleParams,
  CreatedInvitation,
  CreateRoleParams,
  Invitation,
  InviteParams,
  Member,
  Members,
  RoleRecord,
  Roles,
  UpdateRoleParams,
} from "./members.ts";
export type { CostOpsRequest, Middleware, Next } from "./middleware.ts";
export type { ClientOptions, FetchLike, RequestOptions } from "./options.ts";
export type {
  CreatedOrganization,
  CreateOrganizationParams,
  Organization,
  Organizations,
  TenantCosts,
  TenantCostsParams,
  UpdateOrganizationParams,
} from "./organizations.ts";
export type { Page, PageInfo } from "./page.ts";
export type {
  Aliases,
  AliasRecord,
  AppliedCatalogue,
  Catalogue,
  CatalogueDifference,
  CatalogueParams,
  CatalogueVersion,
  CreatePriceParams,
  ListPricesParams,
  PriceRecord,
  Pricing,
  ProviderRecord,
  Providers,
  ResolvedPrice,
  ResolvePriceParams,
  UpdatePriceParams,
} from "./pricing.ts";
export type {
  CreateProjectParams,
  CreateTeamParams,
  Project,
  Projects,
  Team,
  Teams,
  UpdateProjectParams,
  UpdateTeamParams,
} from "./projects.ts";
export type {
  BatchResult,
  CostEntry,
  CostRecord,
  CostStatus,
  CreateCostParams,
  CreateUsageParams,
  Explanation,
  Provider,
  TagsInput,
  UsageRecord,
  UsageStatus,
  Warning,
} from "./records.ts";
export type { CreateRepricingParams, Repricing, Repricings } from "./repricings.ts";
export {
  type BudgetApproval,
  type GuardOptions,
  type ListApprovalsParams,
  type ReleasedReservation,
  type Reservation,
  type ReserveParams,
  type Settlement,
  type SettleParams,
  UnsettledError,
} from "./reservations.ts";
export type { RetryOptions } from "./retry.ts";
export type { Health, System } from "./system.ts";
export type { BatchUsageParams, CreatedUsage, Usage } from "./usage.ts";
export type { CreateUserParams, PasswordReset, User, Users } from "./users.ts";
export type { CreateViewParams, UpdateViewParams, View, Views } from "./views.ts";
export type {
  CreateWebhookParams,
  ListDeliveriesParams,
  RotateWebhookSecretParams,
  TestWebhookParams,
  UpdateWebhookParams,
  Webhook,
  WebhookDelivery,
  Webhooks,
  WebhookWithSecret,
} from "./webhooks.ts";
