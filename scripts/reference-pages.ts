/**
 * The reference pages that follow from tables in the code. Run it to write them; `test/reference-pages.test.ts` fails
 * where a page and its table disagree.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  buildOpenApi,
  errorCodes,
  fullPath,
  type JsonSchema,
  limits,
  type OpenApiDocument,
  type Operation,
  operations,
  permissionsOf,
} from "@llm-cost-ops/contract";
import {
  type Permission,
  permissionMeanings,
  permissions,
  projectPermissions,
  type Role,
  recordPermissions,
  roles,
} from "@llm-cost-ops/contract/permissions";
import { metricNames } from "../packages/server/src/http/metrics.ts";

const root = new URL("../", import.meta.url);

/** Each page with its present text: what stands above the marker is written by hand and kept. */
const pages: Readonly<Record<string, () => string>> = {
  "docs/reference/api.md": apiReference,
  "docs/reference/errors.md": errorReference,
  "docs/reference/metrics.md": metricReference,
  "docs/reference/roles.md": roleReference,
};
const marker = "<!-- From here on written by scripts/reference-pages.ts. -->";

/** Path → what the page should hold. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(pages).map(([path, render]) => {
      const introduction = readFileSync(new URL(path, root), "utf8").split(marker, 1)[0] ?? "";
      return [path, `${introduction.trimEnd()}\n\n${marker}\n\n${render().trim()}\n`];
    }),
  );
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ""
    : [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n");

function errorReference(): string {
  const rows = Object.entries(errorCodes).map(([code, { status, meaning }]) => [
    `\`${code}\``,
    String(status),
    meaning,
  ]);
  return table(["Code", "Status", "Meaning"], rows);
}

function roleReference(): string {
  const names = Object.keys(roles) as Role[];
  const rows = permissions.map((permission) => [
    `\`${permission}\``,
    permissionMeanings[permission],
    ...names.map((name) => ((roles[name] as ReadonlySet<Permission>).has(permission) ? "yes" : "")),
    recordPermissions.has(permission) ? "projects, own" : projectPermissions.has(permission) ? "projects" : "",
  ]);
  const routes = Object.values<Operation>(operations).map((operation) => [
    `\`${operation.method} ${fullPath(operation)}\``,
    operation.access === "key"
      ? permissionsOf(operation)
          .map((permission) => `\`${permission}\``)
          .join(" and ")
      : operation.access === "self"
        ? "any credential"
        : "nobody asks",
  ]);
  return [
    "## What each role allows",
    "",
    table(["Permission", "Allows", ...names, "May be limited to"], rows),
    "",
    "## What each address needs",
    "",
    table(["Address", "Permission"], routes),
  ].join("\n");
}

function metricReference(): string {
  return table(
    ["Metric", "What it counts"],
    Object.entries(metricNames).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );
}

function apiReference(): string {
  const document = buildOpenApi({ version: "0" });
  const limitRows = Object.entries(limits).map(([name, value]) => [`\`${name}\``, value.toLocaleString("en")]);
  const groups = document.tags.map(
    ({ name, description }) => `## ${name}\n\n${description}\n\n${operationsOf(document, name).join("\n\n")}`,
  );
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) =>
    [`### ${name}`, String(schema["description"] ?? ""), fieldTable(schema)].filter(Boolean).join("\n\n"),
  );
  return [
    `## Limits\n\n${table(["Limit", "Value"], limitRows)}`,
    ...groups,
    `## Schemas\n\n${schemas.join("\n\n")}`,
  ].join("\n\n");
}

function operationsOf(document: OpenApiDocument, tag: string): string[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => {
        const parameters = (operation.parameters ?? []).map((given) => {
          const parameter =
            "$ref" in given ? document.components.parameters[given.$ref.split("/").at(-1) ?? ""] : given;
          if (parameter === undefined) throw new Error(`a parameter of ${operation.operationId} is not described`);
          const where = parameter.required ? `${parameter.in}, required` : parameter.in;
          return [`\`${parameter.name}\``, where, typeName(parameter.schema), parameter.description ?? ""];
        });
        const bodies = Object.entries(operation.requestBody?.content ?? {}).map(
          ([type, { schema }]) => `\`${type}\`${schema === undefined ? "" : ` ${typeName(schema)}`}`,
        );
        const errors = Object.entries(errorCodes)
          .filter(([code]) => JSON.stringify(operation.responses).includes(code))
          .map(([code]) => `\`${code}\``);
        return [
          `### ${method.toUpperCase()} ${path}`,
          `${operation.summary} (\`${operation.operationId}\`${operation.security.length === 0 ? ", public" : ""})`,
          table(["Parameter", "In", "Type", "Meaning"], parameters),
          bodies.length === 0 ? "" : `Body: ${bodies.join(", ")}.`,
          `Answer: ${answerOf(document, operation.responses)}`,
          errors.length === 0 ? "" : `Errors: ${errors.join(", ")}.`,
        ]
          .filter(Boolean)
          .join("\n\n");
      }),
  );
}

function answerOf(document: OpenApiDocument, responses: OpenApiDocument["paths"][string][string]["responses"]): string {
  return Object.entries(responses)
    .filter(([status]) => status.startsWith("2"))
    .map(([status, given]) => {
      const response = "$ref" in given ? document.components.responses[given.$ref.split("/").at(-1) ?? ""] : given;
      const content = Object.entries(response?.content ?? {}).map(
        ([type, { schema }]) => `\`${type}\`${schema === undefined ? "" : ` ${typeName(schema)}`}`,
      );
      return `${status}, ${response?.description ?? ""}${content.length === 0 ? "" : ` ${content.join(", ")}.`}`;
    })
    .join(" ");
}

function fieldTable(schema: JsonSchema): string {
  const required = new Set((schema["required"] ?? []) as string[]);
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  if (fields.length === 0) return `${typeName(schema)}.`;
  return table(
    ["Field", "", "Type", "Meaning"],
    fields.map(([name, field]) => [
      `\`${name}\``,
      required.has(name) ? "always" : "",
      typeName(field),
      String(field["description"] ?? ""),
    ]),
  );
}

/** Objects with more fields than this are only called objects where they have no name of their own. */
const inlineFieldsMax = 8;

/** A schema in a few words; named ones are links. */
function typeName(schema: JsonSchema): string {
  const ref = schema["$ref"];
  if (typeof ref === "string") {
    const name = ref.split("/").at(-1) ?? "";
    return `[${name}](#${name.toLowerCase()})`;
  }
  const alternatives = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
  if (alternatives !== undefined) return alternatives.map(typeName).join(" or ");
  if (schema["const"] !== undefined) return `\`${JSON.stringify(schema["const"])}\``;
  if (Array.isArray(schema["enum"])) return schema["enum"].map((word) => `\`${String(word)}\``).join(", ");
  if (schema["type"] === "array") return `list of ${typeName((schema["items"] ?? {}) as JsonSchema)}`;
  if (schema["type"] === "object" && schema["properties"] !== undefined) {
    const fields = Object.entries(schema["properties"] as Record<string, JsonSchema>);
    if (fields.length > inlineFieldsMax) return "object";
    return `object with ${fields.map(([name, field]) => `\`${name}\` (${typeName(field)})`).join(", ")}`;
  }
  return [schema["type"] ?? "anything"].flat().join(" or ");
}

if (import.meta.main) {
  for (const [path, text] of referencePages()) writeFileSync(fileURLToPath(new URL(path, root)), text);
}
