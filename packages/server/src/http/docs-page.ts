import { createHash } from "node:crypto";
import type { JsonSchema, OpenApiDocument, OpenApiOperation } from "@llm-cost-ops/contract";
import { docsStyle } from "./docs-style.ts";

/** The page may load nothing and run nothing; its one style sheet is allowed by its hash. */
export const docsPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(docsStyle).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

type Html = string & { readonly html: unique symbol };
const raw = (text: string): Html => text as Html;
const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] as string);

/** Text becomes text, whatever is in it; only what `html` itself made passes as it is. */
function html(parts: TemplateStringsArray, ...values: readonly (Html | readonly Html[] | string | number)[]): Html {
  return raw(
    parts.reduce((page, part, index) => {
      const value = values[index - 1];
      return `${page}${Array.isArray(value) ? value.join("") : value}${part}`;
    }),
  );
}
const text = (value: unknown): Html => raw(escaped(String(value)));
/** The same where it stands between tags, where quotes are nothing but quotes. */
const between = (value: unknown): string => String(value).replace(/[&<>]/g, (one) => escapes[one] as string);
/** Sentences of the document, in which backticks mark what is written as it stands. */
const prose = (value: unknown): Html => raw(between(value).replace(/`([^`]+)`/g, "<code>$1</code>"));
const none = raw("");

/** The error codes that an answer is filed under. */
const codesOf = (name: string): Html => text(name.replaceAll(".", ", "));

const isEveryNumbers = (bound: number): boolean => Math.abs(bound) === Number.MAX_SAFE_INTEGER;

type Described = Readonly<Record<string, unknown>> & { readonly $ref?: string };

/**
 * Draws an OpenAPI document as one page: every address with its parameters, bodies and errors, every schema, and a
 * command to try. It is plain HTML without scripts, so it works offline and under the strictest policy. Ends of tags that HTML
 * lets one leave out are left out, for there are thousands of them.
 */
export function docsPage(document: OpenApiDocument): string {
  const draw = drawer(document);
  const groups = document.tags.map((tag) => ({
    ...tag,
    entries: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(tag.name))
        .map(([method, operation]) => ({ path, method, operation })),
    ),
  }));
  const schemas = Object.entries(document.components.schemas);
  const refusals = Object.entries(document.components.responses);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(document.info.title)} API</title><style>${raw(docsStyle)}</style></head><body>
<nav><h1>${text(document.info.title)}</h1><p>API ${text(document.info.version)} · <a href="/openapi.json">openapi.json</a></p>
${groups.map(
  (group) =>
    html`<h2>${text(group.name)}</h2><ul>${group.entries.map(
      ({ path, method, operation }) =>
        html`<li><a href="#${text(operation.operationId)}"><b class="${text(method)}">${text(method)}</b> ${text(path)}</a>`,
    )}</ul>`,
)}
<h2>Errors</h2><ul><li><a href="#errors">${text(refusals.length)} answers that refuse</a></li></ul>
<h2>Schemas</h2><ul>${schemas.map(([name]) => html`<li><a href="#schema-${text(name)}">${text(name)}</a>`)}</ul></nav>
<main><p class="lead">${prose(document.info["description"] ?? "")}</p>
${groups.map(
  (group) => html`<section><h2>${text(group.name)}</h2><p>${prose(group.description)}</p>
${group.entries.map(({ path, method, operation }) => draw.operation(path, method, operation))}</section>`,
)}
<section id="errors"><h2>Errors</h2><p id="usual">The usual ones: ${[...usualRefusals(document).values()].map(refusalLink)}</p><table>${refusals.map(
    ([name, response]) => html`<tr id="error-${text(name)}"><th>${codesOf(name)}<td>${prose(response.description)}`,
  )}</table></section>
<section><h2>Schemas</h2>${schemas.map(
    ([name, schema]) => html`<article id="schema-${text(name)}"><h3>${text(name)}</h3>
<p>${prose(schema["description"] ?? "")}${draw.fields(schema)}</article>`,
  )}</section></main></body></html>`;
}

/** An answer that many operations refuse with, which is explained once, under its name. */
interface SharedRefusal {
  readonly status: string;
  readonly shared: string;
}

const refusalsOf = ({ responses }: OpenApiOperation): readonly SharedRefusal[] =>
  (Object.entries(responses) as [status: string, answer: Described][]).flatMap(([status, { $ref }]) =>
    $ref === undefined ? [] : [{ status, shared: $ref.split("/").at(-1) ?? "" }],
  );

/** The refusals of nearly every operation, which are named once for all that have them all. */
function usualRefusals({ paths }: OpenApiDocument): ReadonlyMap<string, SharedRefusal> {
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  const byName = Map.groupBy(operations.flatMap(refusalsOf), ({ shared }) => shared);
  const usual = [...byName].filter(([, refusals]) => refusals.length >= operations.length * usualShare);
  return new Map(usual.map(([name, [refusal]]) => [name, refusal as SharedRefusal]));
}
const usualShare = 0.75;

const refusalLink = ({ status, shared }: SharedRefusal): Html =>
  html`<a href="#error-${text(shared)}">${text(status)} ${codesOf(shared)}</a> `;

function drawer(document: OpenApiDocument) {
  const usual = usualRefusals(document);
  const refusalLinks = (refusals: readonly SharedRefusal[]): Html => {
    const rest = refusals.filter(({ shared }) => !usual.has(shared));
    if (refusals.length - rest.length < usual.size) return html`${refusals.map(refusalLink)}`;
    return html`${rest.map(refusalLink)}<a href="#usual">the usual ones</a>`;
  };
  const resolved = (value: Described): Described => {
    if (value.$ref === undefined) return value;
    const path = value.$ref.split("/").slice(1);
    return path.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document) as Described;
  };

  const typeOf = (schema: JsonSchema): Html => {
    const ref = schema["$ref"];
    if (typeof ref === "string") {
      const name = ref.split("/").at(-1) ?? "";
      return html`<a href="#schema-${text(name)}">${text(name)}</a>`;
    }
    const alternatives = (schema["anyOf"] ?? schema["oneOf"]) as readonly JsonSchema[] | undefined;
    if (alternatives !== undefined) return raw(alternatives.map(typeOf).join(" or "));
    if (schema["const"] !== undefined) return html`<code>${text(JSON.stringify(schema["const"]))}</code>`;
    if (Array.isArray(schema["enum"])) {
      return html`<code>${text(schema["enum"].join(" | "))}</code>`;
    }
    if (schema["type"] === "array") return html`list of ${typeOf((schema["items"] ?? {}) as JsonSchema)}`;
    return text([schema["type"] ?? "anything"].flat().join(" or "));
  };

  const limitsOf = (schema: JsonSchema): string =>
    Object.entries({
      minimum: "≥ ",
      maximum: "≤ ",
      minLength: "length ≥ ",
      maxLength: "length ≤ ",
      maxItems: "entries ≤ ",
    })
      // That a whole number is none beyond what a number can hold says nothing of the field.
      .filter(([keyword]) => typeof schema[keyword] === "number" && !isEveryNumbers(schema[keyword]))
      .map(([keyword, sign]) => `${sign}${schema[keyword]}`)
      .join(", ");

  const smallOf = (limits: string): Html => (limits === "" ? none : html` <small>${text(limits)}</small>`);
  const aboutOf = (about: unknown): Html => (about === undefined ? none : html`<div>${prose(about)}</div>`);

  const fields = (schema: JsonSchema): Html => {
    const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
    if (properties.length === 0) return html`<p class="type">${typeOf(schema)}</p>`;
    const required = new Set((schema["required"] ?? []) as string[]);
    return html`<table>${properties.map(
      ([name, field]) => html`<tr><th>${text(name)}${required.has(name) ? none : html`<i>optional</i>`}
<td>${typeOf(field)}${smallOf(limitsOf(field))}${aboutOf(field["description"])}`,
    )}</table>`;
  };

  const media = (title: string, content: Described | undefined): Html => {
    const entries = Object.entries((content ?? {}) as Record<string, { schema?: JsonSchema; example?: unknown }>);
    return raw(
      entries
        .map(([type, { schema, example }]) => {
          const shown =
            example === undefined ? none : html`<pre>${raw(between(JSON.stringify(example, null, 2)))}</pre>`;
          return html`<h4>${text(title)} <code>${text(type)}</code></h4>${schema === undefined ? none : fields(schema)}${shown}`;
        })
        .join(""),
    );
  };

  const operation = (path: string, method: string, described: OpenApiOperation): Html => {
    const parameters = (described.parameters ?? []).map((parameter) => resolved(parameter as Described));
    const answers = Object.entries(described.responses) as [status: string, answer: Described][];
    const responses = answers
      .filter(([, { $ref }]) => $ref === undefined)
      .map(([status, response]) => ({ status, response }));
    const refusals = refusalsOf(described);
    const body = described.requestBody?.content as Described | undefined;
    return html`<article id="${text(described.operationId)}"><h3><b class="${text(method)}">${text(method)}</b> ${text(path)}</h3>
<p>${prose(described.summary)}
${
  parameters.length === 0
    ? none
    : html`<h4>Parameters</h4><table>${parameters.map(
        (parameter) =>
          html`<tr><th>${text(parameter["name"])}<i>${text(parameter["in"])}${text(
            parameter["required"] === true ? ", required" : "",
          )}</i><td>${typeOf(parameter["schema"] as JsonSchema)}${aboutOf(parameter["description"])}`,
      )}</table>`
}
${media("Body", body)}
<h4>Try</h4><pre>${raw(between(curl(path, method, described)))}</pre>
<h4>Answers</h4>${responses.map(
      ({ status, response }) => html`<p><code>${text(status)}</code> ${prose(response["description"])}</p>
${status.startsWith("2") ? media("With", response["content"] as Described | undefined) : none}`,
    )}<p>Refusals: ${refusalLinks(refusals)}</article>`;
  };

  return { operation, fields };
}

/** A command that a reader can paste after putting in a key. */
function curl(path: string, method: string, operation: OpenApiOperation): string {
  const how = method === "get" ? "" : ` -X ${method.toUpperCase()}`;
  const lines = [`curl${how} "$COST_OPS_API_URL${path}"`];
  if (operation.security.some((scheme) => "apiKey" in scheme))
    lines.push('-H "Authorization: Bearer $COST_OPS_API_KEY"');
  const content = Object.entries(operation.requestBody?.content ?? {})[0];
  if (content !== undefined) {
    const [type, { example }] = content;
    lines.push(`-H "Content-Type: ${type}"`);
    lines.push(
      example === undefined ? "--data-binary @FILE" : `-d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`,
    );
  }
  return lines.join(" \\\n  ");
}
