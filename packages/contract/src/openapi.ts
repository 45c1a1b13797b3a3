import { z } from "zod";
import { AuditEntry } from "./audit.ts";
import { channelKindsText } from "./channel-kinds.ts";
import { CostRecord } from "./costs.ts";
import { type ErrorCode, errorCodes } from "./errors.ts";
import { ImportEvent } from "./imports.ts";
import { requestExamples } from "./openapi-examples.ts";
import { fullPath, type Operation, type OperationId, operations, permissionsOf } from "./operations.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

interface Reference {
  readonly $ref: string;
}

interface OpenApiParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly style?: "form";
  readonly explode?: boolean;
  readonly schema: JsonSchema;
}

interface OpenApiMedia {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
}

interface OpenApiResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, JsonSchema>>;
  readonly content?: Readonly<Record<string, OpenApiMedia>>;
}

export interface OpenApiOperation {
  readonly operationId: OperationId;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly (OpenApiParameter | Reference)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, OpenApiMedia>> };
  readonly responses: Readonly<Record<string, OpenApiResponse | Reference>>;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: { readonly title: string; readonly version: string; readonly [field: string]: unknown };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly parameters: Readonly<Record<string, OpenApiParameter>>;
    readonly responses: Readonly<Record<string, OpenApiResponse>>;
    readonly headers: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: Readonly<Record<string, JsonSchema>>;
  };
}

const tagDescriptions: Readonly<Record<string, string>> = {
  Usage: "What was called: token counts and the provider's own usage object.",
  Costs: "What it cost: records, sums and streams.",
  Prices: "The price book: dated prices, providers, model aliases and catalogue versions.",
  Repricing: "Recalculation of a period with preview, correction records and undo.",
  Imports: "Files of usage in any of the known formats.",
  Exports: "Costs as a file.",
  Organizations: "The organization, its tenants and what each of them spent.",
  "API keys": "Credentials of programs.",
  Members: "Who belongs to an organization, invitations, and roles with scopes.",
  Projects: "Projects, and teams of projects and members.",
  Budgets: "What may be spent in a period, and how much of it is.",
  Limits: "What may be used of tokens and money, and what is left.",
  Alerts: "Rules that say what is worth an alert, and what came of them.",
  "Sign-in": "Sessions of people, and what they sign in with.",
  Users: "People, who belong to the installation and are members of organizations.",
  Audit: "Who changed what, when and from where, in a chain that shows tampering.",
  Webhooks: "Signed events sent to addresses of your own.",
  Channels: `Where alerts go: by ${channelKindsText}.`,
  Views: "Ways to look at a page of the dashboard, kept under names.",
  Live: "What is recorded, as it happens.",
  OpenTelemetry: "Spans of model calls over OTLP/HTTP.",
  System: "State and description of the server.",
};

const requestIdHeader = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } } as const;
const retryAfterHeader = { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } as const;
const json = "application/json";
const ndjson = "application/x-ndjson";

/** What one line of an NDJSON answer is. */
const lineSchemas: { readonly [Id in OperationId]?: z.ZodType } = {
  "costs.stream": CostRecord.partial(),
  "audit.export": AuditEntry,
  "imports.create": ImportEvent,
};

/**
 * The interface as an OpenAPI 3.1 document, made from the table of operations alone; nothing is written twice.
 * `serverUrl` is the address that clients should use, `/` (the document's own host) if absent.
 */
export function buildOpenApi(about: { readonly version: string; readonly serverUrl?: string }): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const shared: Shared = { parameters: new Map(), responses: new Map() };
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    const path = fullPath(operation).replace(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(id, operation, shared) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "LLM Cost Ops",
      version: about.version,
      description:
        "Metering, pricing and cost analysis of language-model calls. Money is a decimal string; unknown cost is null, never 0.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: about.serverUrl ?? "/" }],
    tags: Object.entries(tagDescriptions).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: componentSchemas(paths, shared),
      parameters: sorted(shared.parameters),
      responses: sorted(shared.responses),
      headers: {
        RequestId: { description: "Finds this request in the server's log.", schema: { type: "string" } },
        RetryAfter: {
          description: "Seconds to wait before the next attempt.",
          schema: { type: "integer", minimum: 0 },
        },
      },
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key; it decides the organization." },
      },
    },
  };
}

/** Parameters and refusals that operations have in common, written once and referred to. */
interface Shared {
  readonly parameters: Map<string, OpenApiParameter>;
  readonly responses: Map<string, OpenApiResponse>;
}

function describeOperation(id: OperationId, operation: Operation, shared: Shared): OpenApiOperation {
  const parameters = [
    ...pathParameters(operation),
    ...queryParameters(operation),
    ...(operation.rawBody === undefined ? [] : [contentEncoding]),
  ].map((parameter) => share(shared.parameters, "parameters", [parameter.name, `${parameter.name}.${id}`], parameter));
  const body = requestBody(id, operation);
  return {
    operationId: id,
    tags: [operation.tag],
    summary: operation.summary,
    security: securityOf(operation),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses: { [operation.success.status]: successResponse(id, operation), ...errorResponses(operation, shared) },
  };
}

/** Files a component under the first name that is free or holds the same, and refers to it. */
function share<T>(components: Map<string, T>, kind: string, names: readonly string[], component: T): Reference {
  for (const name of names) {
    const present = components.get(name);
    if (present !== undefined && JSON.stringify(present) !== JSON.stringify(component)) continue;
    components.set(name, component);
    return { $ref: `#/components/${kind}/${name}` };
  }
  throw new Error(`no free name among ${names.join(", ")} for a component of ${kind}`);
}

const sorted = <T>(components: Map<string, T>): Record<string, T> =>
  Object.fromEntries([...components].sort(([left], [right]) => (left < right ? -1 : 1)));

const contentEncoding: OpenApiParameter = {
  name: "Content-Encoding",
  in: "header",
  required: false,
  description: "gzip, where the body is compressed.",
  schema: { type: "string", enum: ["gzip", "identity"] },
};

function pathParameters(operation: Operation): OpenApiParameter[] {
  const properties = operation.params === undefined ? {} : propertiesOf(toSchema(operation.params, "input"));
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "path", required: true, schema }));
}

function queryParameters(operation: Operation): OpenApiParameter[] {
  if (operation.query === undefined) return [];
  const input = toSchema(operation.query, "input");
  const output = propertiesOf(toSchema(operation.query, "output"));
  const required = new Set(Array.isArray(input["required"]) ? input["required"] : []);
  return Object.entries(propertiesOf(input)).map(([name, schema]) => {
    const { description, ...shape } = parameterSchema(schema, output[name] ?? schema);
    return {
      name,
      in: "query",
      required: required.has(name),
      ...(typeof description === "string" && { description }),
      ...(shape["type"] === "array" && { style: "form", explode: false }),
      schema: shape,
    };
  });
}

/** Lists travel comma-separated and booleans as words; what they mean is what the parsed side says. */
function parameterSchema(input: JsonSchema, output: JsonSchema): JsonSchema {
  const choices = Array.isArray(input["anyOf"]) ? (input["anyOf"] as JsonSchema[]) : [];
  const description = input["description"] === undefined ? {} : { description: input["description"] };
  if (choices.some((choice) => choice["type"] === "array")) return { ...output, ...description };
  if (choices.some((choice) => choice["type"] === "boolean")) return { type: "boolean", ...description };
  return input;
}

function securityOf(operation: Operation): OpenApiOperation["security"] {
  return operation.access === "public" ? [] : [{ apiKey: [...permissionsOf(operation)] }];
}

function requestBody(id: OperationId, operation: Operation): OpenApiOperation["requestBody"] {
  if (operation.rawBody !== undefined) {
    return { required: true, content: Object.fromEntries(operation.rawBody.map((type) => [type, {}])) };
  }
  if (operation.body === undefined) return undefined;
  const example = requestExamples[id];
  return {
    required: true,
    content: { [json]: { schema: toSchema(operation.body, "input"), ...(example !== undefined && { example }) } },
  };
}

function successResponse(id: OperationId, operation: Operation): OpenApiResponse {
  const { schema, contentTypes, description } = operation.success;
  const types = contentTypes ?? (schema === undefined ? [] : [json]);
  const media = (type: string): OpenApiMedia => {
    const line = lineSchemas[id];
    if (type === ndjson && line !== undefined) {
      return { schema: { ...toSchema(line, "output"), description: "One line; lines end in a line feed." } };
    }
    if (type === json && schema !== undefined) return { schema: toSchema(schema, "output") };
    return type.startsWith("text/") ? { schema: { type: "string" } } : {};
  };
  return {
    description,
    headers: requestIdHeader,
    ...(types.length > 0 && { content: Object.fromEntries(types.map((type) => [type, media(type)])) }),
  };
}

/** The codes that an operation may answer with: its own and those that any request of its kind may meet. */
function possibleErrors(operation: Operation): ErrorCode[] {
  const hasBody = operation.body !== undefined || operation.rawBody !== undefined;
  const hasInput = hasBody || operation.query !== undefined || operation.params !== undefined;
  const always: ErrorCode[] = ["INVALID_REQUEST", "RATE_LIMITED", "INTERNAL_ERROR", "UNAVAILABLE"];
  const codes = new Set<ErrorCode>([
    ...operation.errors,
    ...(operation.access === "public" ? [] : (["AUTH_001", "AUTH_002"] as const)),
    ...(hasInput ? (["VALIDATION_ERROR"] as const) : []),
    ...(hasBody ? (["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
    ...always,
  ]);
  return (Object.keys(errorCodes) as ErrorCode[]).filter((code) => codes.has(code));
}

/** One refusal for each status, named by its codes. */
function errorResponses(operation: Operation, shared: Shared): Record<string, Reference> {
  const byStatus = Map.groupBy(possibleErrors(operation), (code) => errorCodes[code].status);
  const describe = (code: ErrorCode): string => `\`${code}\`: ${errorCodes[code].meaning}`;
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      share(shared.responses, "responses", [codes.join(".")], {
        description: codes.map(describe).join("\n\n"),
        headers: { ...requestIdHeader, ...((status === 429 || status === 503) && retryAfterHeader) },
        content: { [json]: { schema: { $ref: `${refPrefix}Error` } } },
      }),
    ]),
  );
}

const refPrefix = "#/components/schemas/";

type Side = "input" | "output";

/** Every named schema of the contract, as it is sent (`input`) or answered (`output`). */
function namedSchemas(side: Side): Readonly<Record<string, JsonSchema>> {
  return z.toJSONSchema(z.globalRegistry, { ...schemaOptions(side), uri: (id) => `${refPrefix}${id}` })
    .schemas as unknown as Readonly<Record<string, JsonSchema>>;
}

const schemaOptions = (side: Side) =>
  ({
    io: side,
    unrepresentable: "any",
    override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
      // Answers may gain fields in a later version; a client that validates them must not break on it.
      if (side === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  }) as const;

/** One schema with references to the named ones. */
function toSchema(schema: z.ZodType, side: Side): JsonSchema {
  const id = z.globalRegistry.get(schema)?.id;
  if (id !== undefined) return { $ref: `${refPrefix}${id}` };
  const { $schema: _dialect, $defs: _components, ...rest } = z.toJSONSchema(schema, schemaOptions(side));
  return pointToComponents(rest) as JsonSchema;
}

/** `#/$defs/X` of a stand-alone schema is the component X. */
function pointToComponents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pointToComponents);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === "$ref" && typeof item === "string" ? item.replace("#/$defs/", refPrefix) : pointToComponents(item),
    ]),
  );
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

/** The named schemas that the paths reach, each taken from the side on which it is reached. */
function componentSchemas(paths: OpenApiDocument["paths"], shared: Shared): Record<string, JsonSchema> {
  const sides = { input: namedSchemas("input"), output: namedSchemas("output") };
  const found = new Map<string, JsonSchema>();
  const visit = (value: unknown, side: Side): void => {
    for (const id of referencesIn(value)) {
      if (found.has(id)) continue;
      const { $schema: _dialect, $id: _id, ...schema } = sides[side][id] ?? {};
      found.set(id, schema);
      visit(schema, side);
    }
  };
  visit([...shared.parameters.values()], "input");
  visit([...shared.responses.values()], "output");
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    visit(operation.requestBody, "input");
    visit(operation.responses, "output");
  }
  return sorted(found);
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "$ref" && typeof item === "string" && item.startsWith(refPrefix)
      ? [item.slice(refPrefix.length)]
      : referencesIn(item),
  );
}
