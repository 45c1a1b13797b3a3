import { z } from "zod";
import { ApiKey, ApiKeyCreated, ApiKeyInput } from "./api-keys.ts";
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

/** One operation of the interface. Routes, OpenAPI document, SDK and fuzzing all read this table. */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `:name` parameters, below `basePath` unless it begins with `/v1/` or is a system address. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: "public" | "key";
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
const get = <const Rest extends Partial<Operation> & Pick<Operation, "success">>(
  path: string,
  tag: string,
  summary: string,
  rest: Rest,
): Operation & Rest => ({
  method: "GET",
  path,
  tag,
  summary,
  access: "key",
  errors: [],
  ...rest,
});
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
    summary: "Record up to 10,000 calls; each has its own result, the good ones are recorded.",
    query: CreateUsageQuery,
    body: UsageBatchInput,
    success: ok(UsageBatchResult, "A result for each record, in order."),
    errors: ["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"],
  },
  "usage.list": get("/usage", "Usage", "List usage records.", {
    query: ListQuery,
    success: ok(page(UsageRecord.partial())),
  }),
  "usage.get": get("/usage/:id", "Usage", "One usage record.", {
    params: id,
    success: ok(data(UsageRecord)),
    errors: ["NOT_FOUND"],
  }),
  "usage.explain": get("/usage/:id/explain", "Usage", "The whole proof of one cost.", {
    params: id,
    success: ok(data(Explanation)),
    errors: ["NOT_FOUND"],
  }),

  "costs.create": {
    method: "POST",
    path: "/costs",
    tag: "Costs",
    access: "key",
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
    summary: "Record up to 10,000 reported costs, with a result for each.",
    body: CostBulkInput,
    success: ok(UsageBatchResult, "A result for each entry, in order."),
    errors: ["VALIDATION_ERROR", "PAYLOAD_TOO_LARGE"],
  },
  "costs.list": get("/costs", "Costs", "List costs with filters, fields, order and pages.", {
    query: ListQuery,
    success: ok(CostList),
  }),
  "costs.aggregate": get("/costs/aggregate", "Costs", "Sums, counts and averages by any dimensions.", {
    query: AggregateQuery,
    success: ok(AggregateResult),
  }),
  "costs.summary": get("/costs/summary", "Costs", "One period at a glance, beside the period before.", {
    query: SummaryQuery,
    success: ok(data(CostSummary)),
  }),
  "costs.stream": get("/costs/stream", "Costs", "Every matching cost as NDJSON, without pages.", {
    query: StreamQuery,
    success: { status: 200, contentTypes: ["application/x-ndjson"], description: "One cost record a line." },
  }),
  "costs.batchQuery": {
    method: "POST",
    path: "/costs/batch-query",
    tag: "Costs",
    access: "key",
    summary: "Many aggregate questions in one request.",
    body: BatchQueryInput,
    success: ok(BatchQueryResult),
    errors: ["VALIDATION_ERROR"],
  },
  "costs.get": get("/costs/:id", "Costs", "One cost.", {
    params: id,
    success: ok(data(CostRecord)),
    errors: ["NOT_FOUND"],
  }),
  "costs.update": {
    method: "PATCH",
    path: "/costs/:id",
    tag: "Costs",
    access: "key",
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
    summary: "Add a price of the organization's own.",
    body: PricingInput,
    success: created(data(PriceRecord)),
    errors: ["VALIDATION_ERROR", "PRICING_001"],
  },
  "pricing.list": get("/pricing", "Prices", "List price versions.", {
    query: PricingListQuery,
    success: ok(PriceList),
  }),
  "pricing.resolve": get("/pricing/resolve", "Prices", "Which price applies to a model at a date, and why.", {
    query: ResolveQuery,
    success: ok(data(ResolveResult)),
  }),
  "pricing.get": get("/pricing/:id", "Prices", "One price version.", {
    params: id,
    success: ok(data(PriceRecord)),
    errors: ["NOT_FOUND"],
  }),
  "pricing.update": {
    method: "PUT",
    path: "/pricing/:id",
    tag: "Prices",
    access: "key",
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
    summary: "End a price of the organization's own at a date.",
    params: id,
    body: PricingEnd,
    success: ok(data(PriceRecord)),
    errors: ["NOT_FOUND", "PRICING_001"],
  },
  "providers.list": get("/pricing/providers", "Prices", "Providers that have prices.", {
    success: ok(list(ProviderRecord)),
  }),
  "providers.create": {
    method: "POST",
    path: "/pricing/providers",
    tag: "Prices",
    access: "key",
    summary: "Add a provider of your own.",
    body: ProviderInput,
    success: created(data(ProviderRecord)),
    errors: ["VALIDATION_ERROR", "CONFLICT"],
  },
  "aliases.list": get("/pricing/aliases", "Prices", "Model aliases.", { success: ok(list(AliasRecord)) }),
  "aliases.create": {
    method: "POST",
    path: "/pricing/aliases",
    tag: "Prices",
    access: "key",
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
    summary: "Remove an alias of the organization's own.",
    params: z.object({ provider: z.string().min(1).max(256), alias: z.string().min(1).max(256) }),
    success: { status: 204, description: "Gone." },
    errors: ["NOT_FOUND"],
  },
  "catalogue.versions": get("/pricing/catalogue", "Prices", "Catalogue versions that were applied.", {
    success: ok(list(CatalogueVersion)),
  }),
  "catalogue.preview": {
    method: "POST",
    path: "/pricing/catalogue/preview",
    tag: "Prices",
    access: "key",
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
    summary: "Preview what today's prices would make of a period.",
    body: RepricingInput,
    success: created(data(Repricing)),
    errors: ["VALIDATION_ERROR"],
  },
  "repricings.list": get("/repricings", "Repricing", "Repricings, newest first.", {
    query: CursorPage.strict(),
    success: ok(page(Repricing)),
  }),
  "repricings.get": get("/repricings/:id", "Repricing", "One repricing.", {
    params: id,
    success: ok(data(Repricing)),
    errors: ["NOT_FOUND"],
  }),
  "repricings.apply": {
    method: "POST",
    path: "/repricings/:id/apply",
    tag: "Repricing",
    access: "key",
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
    query: CursorPage.strict(),
    success: ok(page(ImportReport)),
  }),
  "imports.get": get("/imports/:id", "Imports", "One import.", {
    params: id,
    success: ok(data(ImportReport)),
    errors: ["NOT_FOUND"],
  }),

  "exports.create": {
    method: "POST",
    path: "/exports",
    tag: "Exports",
    access: "key",
    summary: "Describe an export; its download streams it.",
    body: ExportInput,
    success: created(data(Export)),
    errors: ["VALIDATION_ERROR"],
  },
  "exports.list": get("/exports", "Exports", "Exports, newest first.", {
    query: CursorPage.strict(),
    success: ok(page(Export)),
  }),
  "exports.get": get("/exports/:id", "Exports", "One export.", {
    params: id,
    success: ok(data(Export)),
    errors: ["NOT_FOUND"],
  }),
  "exports.download": get("/exports/:id/download", "Exports", "The export itself, streamed.", {
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
    summary: "Create a key. It is shown once.",
    body: ApiKeyInput,
    success: created(data(ApiKeyCreated)),
    errors: ["VALIDATION_ERROR"],
  },
  "apiKeys.list": get("/api-keys", "API keys", "List keys, without their secrets.", { success: ok(list(ApiKey)) }),
  "apiKeys.revoke": {
    method: "DELETE",
    path: "/api-keys/:id",
    tag: "API keys",
    access: "key",
    summary: "Revoke a key, at once.",
    params: id,
    success: ok(data(ApiKey), "The revoked key."),
    errors: ["NOT_FOUND", "CONFLICT"],
  },

  "otlp.traces": {
    method: "POST",
    path: "/v1/traces",
    tag: "OpenTelemetry",
    access: "key",
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
