import { z } from "zod";
import { ApiKey, ApiKeyCreated, ApiKeyInput, ApiKeyRotation } from "./api-keys.ts";
import {
  AggregateQuery,
  AggregateResult,
  BatchQueryInput,
  BatchQueryResult,
  CostBulkInput,
  CostCreated,
  CostInput,
  CostList,
  CostRecord,
  CostSummary,
  CostUpdate,
  Export,
  ExportInput,
  ListQuery,
  StreamQuery,
  SummaryQuery,
} from "./costs.ts";
import type { ErrorCode } from "./errors.ts";
import { CursorPage, Pagination } from "./fields.ts";
import { ImportQuery, ImportReport } from "./imports.ts";
import {
  Organization,
  OrganizationCreated,
  OrganizationInput,
  OrganizationUpdate,
  TenantCosts,
  TenantCostsQuery,
} from "./organizations.ts";
import type { Permission } from "./permissions.ts";
import {
  AliasInput,
  AliasRecord,
  CatalogueDifference,
  CatalogueInput,
  CatalogueVersion,
  PriceList,
  PriceRecord,
  PricingEnd,
  PricingInput,
  PricingListQuery,
  PricingUpdate,
  ProviderInput,
  ProviderRecord,
  Repricing,
  RepricingInput,
  ResolveQuery,
  ResolveResult,
} from "./pricing.ts";
import {
  CreateUsageQuery,
  Explanation,
  UsageBatchInput,
  UsageBatchResult,
  UsageCreated,
  UsageInput,
  UsageRecord,
} from "./usage.ts";

/** Anybody may ask, or who has a credential that is allowed to. */
export type Access =
  | { readonly access: "public"; readonly permission?: undefined }
  | { readonly access: "key"; readonly permission: Permission };

/** One operation of the interface. Routes, OpenAPI document, SDK and fuzzing all read this table. */
export type Operation = OperationParts & Access;

interface OperationParts {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` parameters, below `basePath` unless it begins with `/v1/` or is a system address. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodType;
  /** JSON body; `raw` where the body is a stream of bytes with one of the content types. */
  readonly body?: z.ZodType;
  readonly rawBody?: readonly string[];
  readonly success: {
    readonly status: number;
    readonly schema?: z.ZodType;
    readonly contentTypes?: readonly string[];
    readonly description: string;
  };
  readonly errors: readonly ErrorCode[];
}

export const basePath = "/api/v1";

const id = z.object({ id: z.string().min(1).max(256) });
const data = <T extends z.ZodType>(schema: T) => z.object({ data: schema });
const list = <T extends z.ZodType>(schema: T) => z.object({ data: z.array(schema) });
const page = <T extends z.ZodType>(schema: T) => z.object({ data: z.array(schema), pagination: Pagination });

// The result keeps what is particular to an operation, so that a route knows the types of its own parameters and query.
const get = <
  const Rest extends Partial<OperationParts> &
    Pick<OperationParts, "success"> &
    ({ readonly access: "public" } | { readonly permission: Permission }),
>(
  path: string,
  tag: string,
  summary: string,
  rest: Rest,
): OperationParts & Rest & Access =>
  ({ method: "GET", path, tag, summary, access: "key", errors: [], ...rest }) as unknown as OperationParts &
    Rest &
    Access;
const ok = (schema: z.ZodType, description = "The answer."): Operation["success"] => ({
  status: 200,
  schema,
  description,
});
const created = (schema: z.ZodType, description = "Recorded, and on disk."): Operation["success"] => ({
  status: 201,
  schema,
  description,
});

export const operations = {
  "usage.create": {
    method: "POST",
    path: "/usage",
    tag: "Usage",
    access: "key",
    permission: "usage:write",
    summary: "Record one call. The same id with the same content answers as the first time.",
    query: CreateUsageQuery,
    body: UsageInput,
    success: created(UsageCreated),
    errors: ["USAGE_001", "USAGE_002", "USAGE_003", "COST_001", "VALIDATION_ERROR"],
  },
  "usage.batchCreate": {
    method: "POST",
    path: "/usage/batch",
    tag: "Usage",
    access: "key",
    permission: "usage:write",
    summary: "Record up to 10,000 calls; each has its own result, the good ones are recorded.",
    query: CreateUsageQuery,
    body: UsageBatchInput,
    success: ok(UsageBatchResult, "A result for each record, in order."),
    errors: ["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"],
  },
  "usage.list": get("/usage", "Usage", "List usage records.", {
    permission: "usage:read",
    query: ListQuery,
    success: ok(page(UsageRecord.partial())),
  }),
  "usage.get": get("/usage/:id", "Usage", "One usage record.", {
    permission: "usage:read",
    params: id,
    success: ok(data(UsageRecord)),
    errors: ["NOT_FOUND"],
  }),
  "usage.explain": get("/usage/:id/explain", "Usage", "The whole proof of one cost.", {
    permission: "usage:read",
    params: id,
    success: ok(data(Explanation)),
    errors: ["NOT_FOUND"],
  }),

  "costs.create": {
    method: "POST",
    path: "/costs",
    tag: "Costs",
    access: "key",
    permission: "usage:write",
    summary: "Record a cost that was priced elsewhere.",
    body: CostInput,
    success: created(CostCreated),
    errors: ["VALIDATION_ERROR", "USAGE_001", "USAGE_002"],
  },
  "costs.bulkCreate": {
    method: "POST",
    path: "/costs/bulk",
    tag: "Costs",
    access: "key",
    permission: "usage:write",
    summary: "Record up to 10,000 reported costs, with a result for each.",
    body: CostBulkInput,
    success: ok(UsageBatchResult, "A result for each entry, in order."),
    errors: ["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"],
  },
  "costs.list": get("/costs", "Costs", "List costs with filters, fields, order and pages.", {
    permission: "costs:read",
    query: ListQuery,
    success: ok(CostList),
  }),
  "costs.aggregate": get("/costs/aggregate", "Costs", "Sums, counts and averages by any dimensions.", {
    permission: "costs:read",
    query: AggregateQuery,
    success: ok(AggregateResult),
  }),
  "costs.summary": get("/costs/summary", "Costs", "One period at a glance, beside the period before.", {
    permission: "costs:read",
    query: SummaryQuery,
    success: ok(data(CostSummary)),
  }),
  "costs.stream": get("/costs/stream", "Costs", "Every matching cost as NDJSON, without pages.", {
    permission: "costs:read",
    query: StreamQuery,
    success: { status: 200, contentTypes: ["application/x-ndjson"], description: "One cost record a line." },
  }),
  "costs.batchQuery": {
    method: "POST",
    path: "/costs/batch-query",
    tag: "Costs",
    access: "key",
    permission: "costs:read",
    summary: "Many aggregate questions in one request.",
    body: BatchQueryInput,
    success: ok(BatchQueryResult),
    errors: ["VALIDATION_ERROR"],
  },
  "costs.get": get("/costs/:id", "Costs", "One cost.", {
    permission: "costs:read",
    params: id,
    success: ok(data(CostRecord)),
    errors: ["NOT_FOUND"],
  }),
  "costs.update": {
    method: "PATCH",
    path: "/costs/:id",
    tag: "Costs",
    access: "key",
    permission: "costs:write",
    summary: "Change tags or metadata.",
    params: id,
    body: CostUpdate,
    success: ok(data(CostRecord)),
    errors: ["NOT_FOUND", "VALIDATION_ERROR"],
  },
  "costs.delete": {
    method: "DELETE",
    path: "/costs/:id",
    tag: "Costs",
    access: "key",
    permission: "costs:write",
    summary: "Void a cost: a correction with the opposite sign is recorded; nothing is erased.",
    params: id,
    success: ok(data(CostRecord), "The voided cost."),
    errors: ["NOT_FOUND"],
  },

  "pricing.create": {
    method: "POST",
    path: "/pricing",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Add a price of the organization's own.",
    body: PricingInput,
    success: created(data(PriceRecord)),
    errors: ["VALIDATION_ERROR", "PRICING_001"],
  },
  "pricing.list": get("/pricing", "Prices", "List price versions.", {
    permission: "prices:read",
    query: PricingListQuery,
    success: ok(PriceList),
  }),
  "pricing.resolve": get("/pricing/resolve", "Prices", "Which price applies to a model at a date, and why.", {
    permission: "prices:read",
    query: ResolveQuery,
    success: ok(data(ResolveResult)),
  }),
  "pricing.get": get("/pricing/:id", "Prices", "One price version.", {
    permission: "prices:read",
    params: id,
    success: ok(data(PriceRecord)),
    errors: ["NOT_FOUND"],
  }),
  "pricing.update": {
    method: "PUT",
    path: "/pricing/:id",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Append a new version that applies from a date on.",
    params: id,
    body: PricingUpdate,
    success: ok(data(PriceRecord), "The new version."),
    errors: ["NOT_FOUND", "VALIDATION_ERROR", "PRICING_001"],
  },
  "pricing.end": {
    method: "POST",
    path: "/pricing/:id/end",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "End a price of the organization's own at a date.",
    params: id,
    body: PricingEnd,
    success: ok(data(PriceRecord)),
    errors: ["NOT_FOUND", "PRICING_001"],
  },
  "providers.list": get("/pricing/providers", "Prices", "Providers that have prices.", {
    permission: "prices:read",
    success: ok(list(ProviderRecord)),
  }),
  "providers.create": {
    method: "POST",
    path: "/pricing/providers",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Add a provider of your own.",
    body: ProviderInput,
    success: created(data(ProviderRecord)),
    errors: ["VALIDATION_ERROR", "CONFLICT"],
  },
  "aliases.list": get("/pricing/aliases", "Prices", "Model aliases.", {
    permission: "prices:read",
    success: ok(list(AliasRecord)),
  }),
  "aliases.create": {
    method: "POST",
    path: "/pricing/aliases",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Name a model or deployment as another.",
    body: AliasInput,
    success: created(data(AliasRecord)),
    errors: ["VALIDATION_ERROR"],
  },
  "aliases.delete": {
    method: "DELETE",
    path: "/pricing/aliases/:provider/:alias",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Remove an alias of the organization's own.",
    params: z.object({ provider: z.string().min(1).max(256), alias: z.string().min(1).max(256) }),
    success: { status: 204, description: "Gone." },
    errors: ["NOT_FOUND"],
  },
  "catalogue.versions": get("/pricing/catalogue", "Prices", "Catalogue versions that were applied.", {
    permission: "prices:read",
    success: ok(list(CatalogueVersion)),
  }),
  "catalogue.preview": {
    method: "POST",
    path: "/pricing/catalogue/preview",
    tag: "Prices",
    access: "key",
    permission: "prices:read",
    summary: "What a catalogue would change; changes nothing.",
    body: CatalogueInput,
    success: ok(data(CatalogueDifference)),
    errors: ["VALIDATION_ERROR", "PRICING_002"],
  },
  "catalogue.apply": {
    method: "POST",
    path: "/pricing/catalogue/apply",
    tag: "Prices",
    access: "key",
    permission: "prices:write",
    summary: "Apply a catalogue as a new version.",
    body: CatalogueInput,
    success: created(z.object({ data: CatalogueVersion, difference: CatalogueDifference })),
    errors: ["VALIDATION_ERROR", "PRICING_002", "CONFLICT"],
  },

  "repricings.create": {
    method: "POST",
    path: "/repricings",
    tag: "Repricing",
    access: "key",
    permission: "repricings:write",
    summary: "Preview what today's prices would make of a period.",
    body: RepricingInput,
    success: created(data(Repricing)),
    errors: ["VALIDATION_ERROR"],
  },
  "repricings.list": get("/repricings", "Repricing", "Repricings, newest first.", {
    permission: "repricings:read",
    query: CursorPage.strict(),
    success: ok(page(Repricing)),
  }),
  "repricings.get": get("/repricings/:id", "Repricing", "One repricing.", {
    permission: "repricings:read",
    params: id,
    success: ok(data(Repricing)),
    errors: ["NOT_FOUND"],
  }),
  "repricings.apply": {
    method: "POST",
    path: "/repricings/:id/apply",
    tag: "Repricing",
    access: "key",
    permission: "repricings:write",
    summary: "Apply a previewed repricing as correction records.",
    params: id,
    success: ok(data(Repricing)),
    errors: ["NOT_FOUND", "REPRICING_001"],
  },
  "repricings.undo": {
    method: "POST",
    path: "/repricings/:id/undo",
    tag: "Repricing",
    access: "key",
    permission: "repricings:write",
    summary: "Undo an applied repricing with opposite corrections.",
    params: id,
    success: ok(data(Repricing)),
    errors: ["NOT_FOUND", "REPRICING_001"],
  },

  "imports.create": {
    method: "POST",
    path: "/imports",
    tag: "Imports",
    access: "key",
    permission: "imports:write",
    summary: "Import a file: the body is the file, optionally gzipped.",
    query: ImportQuery,
    rawBody: [
      "application/octet-stream",
      "application/x-ndjson",
      "application/json",
      "text/csv",
      "text/plain",
      "text/event-stream",
    ],
    success: {
      status: 200,
      schema: data(ImportReport),
      contentTypes: ["application/json", "application/x-ndjson"],
      description: "The end report; with Accept application/x-ndjson, events as it goes.",
    },
    errors: ["IMPORT_001", "VALIDATION_ERROR"],
  },
  "imports.list": get("/imports", "Imports", "Imports, newest first.", {
    permission: "imports:read",
    query: CursorPage.strict(),
    success: ok(page(ImportReport)),
  }),
  "imports.get": get("/imports/:id", "Imports", "One import.", {
    permission: "imports:read",
    params: id,
    success: ok(data(ImportReport)),
    errors: ["NOT_FOUND"],
  }),

  "exports.create": {
    method: "POST",
    path: "/exports",
    tag: "Exports",
    access: "key",
    permission: "exports:write",
    summary: "Describe an export; its download streams it.",
    body: ExportInput,
    success: created(data(Export)),
    errors: ["VALIDATION_ERROR"],
  },
  "exports.list": get("/exports", "Exports", "Exports, newest first.", {
    permission: "exports:read",
    query: CursorPage.strict(),
    success: ok(page(Export)),
  }),
  "exports.get": get("/exports/:id", "Exports", "One export.", {
    permission: "exports:read",
    params: id,
    success: ok(data(Export)),
    errors: ["NOT_FOUND"],
  }),
  "exports.download": get("/exports/:id/download", "Exports", "The export itself, streamed.", {
    permission: "exports:read",
    params: id,
    success: {
      status: 200,
      contentTypes: ["text/csv", "application/json", "application/x-ndjson"],
      description: "The file.",
    },
    errors: ["NOT_FOUND"],
  }),

  "apiKeys.create": {
    method: "POST",
    path: "/api-keys",
    tag: "API keys",
    access: "key",
    permission: "keys:write",
    summary: "Create a key. It is shown once.",
    body: ApiKeyInput,
    success: created(data(ApiKeyCreated)),
    errors: ["VALIDATION_ERROR"],
  },
  "apiKeys.list": get("/api-keys", "API keys", "List keys, without their secrets.", {
    permission: "keys:read",
    success: ok(list(ApiKey)),
  }),
  "apiKeys.rotate": {
    method: "POST",
    path: "/api-keys/:id/rotate",
    tag: "API keys",
    access: "key",
    permission: "keys:write",
    summary: "Make a key that takes another's place, which goes on working for a while. It is shown once.",
    params: id,
    body: ApiKeyRotation,
    success: created(data(ApiKeyCreated)),
    errors: ["NOT_FOUND", "CONFLICT", "VALIDATION_ERROR"],
  },
  "apiKeys.revoke": {
    method: "DELETE",
    path: "/api-keys/:id",
    tag: "API keys",
    access: "key",
    permission: "keys:write",
    summary: "Revoke a key, at once.",
    params: id,
    success: ok(data(ApiKey), "The revoked key."),
    errors: ["NOT_FOUND", "CONFLICT"],
  },

  "organizations.create": {
    method: "POST",
    path: "/organizations",
    tag: "Organizations",
    access: "key",
    permission: "organizations:write",
    summary: "Make a tenant of the organization, with a first key that is shown once.",
    body: OrganizationInput,
    success: created(data(OrganizationCreated)),
    errors: ["VALIDATION_ERROR", "CONFLICT"],
  },
  "organizations.list": get("/organizations", "Organizations", "The organization and its tenants.", {
    permission: "organizations:read",
    success: ok(list(Organization)),
  }),
  "organizations.costs": get("/organizations/costs", "Organizations", "What the organization and each tenant spent.", {
    permission: "organizations:read",
    query: TenantCostsQuery,
    success: ok(TenantCosts),
    errors: ["VALIDATION_ERROR"],
  }),
  "organizations.get": get("/organizations/:id", "Organizations", "The organization or one of its tenants.", {
    permission: "organizations:read",
    params: id,
    success: ok(data(Organization)),
    errors: ["NOT_FOUND"],
  }),
  "organizations.update": {
    method: "PATCH",
    path: "/organizations/:id",
    tag: "Organizations",
    access: "key",
    permission: "organizations:write",
    summary: "Change the name, the settings or, as the parent, the isolation of an organization.",
    params: id,
    body: OrganizationUpdate,
    success: ok(data(Organization)),
    errors: ["NOT_FOUND", "VALIDATION_ERROR"],
  },

  "otlp.traces": {
    method: "POST",
    path: "/v1/traces",
    tag: "OpenTelemetry",
    access: "key",
    permission: "usage:write",
    summary: "OTLP/HTTP traces, protobuf or JSON, optionally gzipped. Spans of model calls become usage records.",
    rawBody: ["application/x-protobuf", "application/json"],
    success: {
      status: 200,
      contentTypes: ["application/x-protobuf", "application/json"],
      description: "ExportTraceServiceResponse, with partial_success where spans were refused.",
    },
    errors: ["INVALID_REQUEST"],
  },

  "system.health": get("/health", "System", "Whether the server and its storage work.", {
    access: "public",
    success: ok(
      z.object({ status: z.enum(["ok", "failing"]), version: z.string(), checks: z.record(z.string(), z.string()) }),
    ),
    errors: ["UNAVAILABLE"],
  }),
  "system.ready": get("/ready", "System", "Whether the server takes requests.", {
    access: "public",
    success: ok(z.object({ status: z.string() })),
    errors: ["UNAVAILABLE"],
  }),
  "system.live": get("/live", "System", "Whether the process is alive.", {
    access: "public",
    success: ok(z.object({ status: z.string() })),
  }),
  "system.metrics": get("/metrics", "System", "Prometheus metrics.", {
    access: "public",
    success: { status: 200, contentTypes: ["text/plain"], description: "Prometheus text format." },
  }),
  "system.openapi": get("/openapi.json", "System", "This interface as OpenAPI 3.1.", {
    access: "public",
    success: { status: 200, contentTypes: ["application/json"], description: "The OpenAPI document." },
  }),
  "system.docs": get("/docs", "System", "This interface to read in a browser.", {
    access: "public",
    success: { status: 200, contentTypes: ["text/html"], description: "A page." },
  }),
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;

/** Addresses that stand at the root and not below `basePath`. */
const rootTags: ReadonlySet<string> = new Set(["System", "OpenTelemetry"]);

/** The full path of an operation, with `:name` parameters. */
export function fullPath(operation: Pick<Operation, "path" | "tag">): string {
  return rootTags.has(operation.tag) ? operation.path : `${basePath}${operation.path}`;
}
