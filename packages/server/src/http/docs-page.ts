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
const link = (id: string, name: string): Html => html`<a href="#${text(id)}">${text(name)}</a>`;

/** The error codes that an answer is filed under. */
const codesOf = (name: string): Html => text(name.replaceAll(".", ", "));

const isEveryNumbers = (bound: number): boolean => Math.abs(bound) === Number.MAX_SAFE_INTEGER;

type Described = Readonly<Record<string, unknown>> & { readonly $ref?: string };

/**
 * Draws an OpenAPI document as one page: every address with its parameters, bodies and errors, every schema, and a
 * command to try. It is plain HTML without scripts, so it works offline and under the strictest policy. What many places
 * have in common is said once and referred to, and ends of tags that HTML lets one leave out are left out.
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
<p>Bodies and answers are JSON where no other type is named. What stands in braces in an address is a text that you put in.
${groups.map(
  (group) => html`<section><h2>${text(group.name)}</h2><p>${prose(group.description)}</p>
${group.entries.map(({ path, method, operation }) => draw.operation(path, method, operation))}</section>`,
)}
<section id="errors"><h2>Errors</h2>${refusalSets(document).map(
    (set) => html`<p id="${text(set.id)}">Called ${text(set.name)}: ${[...set.refusals.values()].map(refusalLink)}`,
  )}<table>${refusals.map(
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

/** Refusals that operations have together, under a name that stands for all of them. */
interface RefusalSet {
  readonly id: string;
  readonly name: string;
  readonly refusals: ReadonlyMap<string, SharedRefusal>;
}

/** The refusals of nearly every operation, and those that nearly every operation with a body has besides. */
function refusalSets({ paths }: OpenApiDocument): readonly RefusalSet[] {
  const all = Object.values(paths).flatMap((methods) => Object.values(methods));
  const usual = frequentRefusals(all);
  const ofBodies = frequentRefusals(all.filter(({ requestBody }) => requestBody !== undefined));
  return [
    { id: "usual", name: "the usual ones", refusals: usual },
    {
      id: "of-bodies",
      name: "those of bodies",
      refusals: new Map([...ofBodies].filter(([name]) => !usual.has(name))),
    },
  ];
}

function frequentRefusals(operations: readonly OpenApiOperation[]): ReadonlyMap<string, SharedRefusal> {
  const byName = Map.groupBy(operations.flatMap(refusalsOf), ({ shared }) => shared);
  const frequent = [...byName].filter(([, refusals]) => refusals.length >= operations.length * frequentShare);
  return new Map(frequent.map(([name, [refusal]]) => [name, refusal as SharedRefusal]));
}
const frequentShare = 0.75;

/** What an operation refuses with: sets by their names, with what is missing of them, and the rest one by one. */
function refusalsText(sets: readonly RefusalSet[], refusals: readonly SharedRefusal[]): Html {
  const has = new Set(refusals.map(({ shared }) => shared));
  const named = sets
    .map((set) => ({ ...set, missing: [...set.refusals.values()].filter(({ shared }) => !has.has(shared)) }))
    .filter(({ refusals, missing }) => missing.length <= refusals.size / 2);
  const rest = refusals.filter(({ shared }) => !named.some((set) => set.refusals.has(shared)));
  return html`${rest.map(refusalLink)}${named.map(
    ({ id, name, missing }) =>
      html`<a href="#${text(id)}">${text(name)}</a>${missing.length === 0 ? " " : ` without ${missing.map(({ shared }) => codesOf(shared)).join(", ")} `}`,
  )}`;
}

const refusalLink = ({ status, shared }: SharedRefusal): Html =>
  html`<a href="#error-${text(shared)}">${text(status)} ${codesOf(shared)}</a> `;

type Fields = Record<string, JsonSchema>;

const propertiesOf = (schema: JsonSchema): readonly (readonly [name: string, field: JsonSchema])[] =>
  Object.entries((schema["properties"] ?? {}) as Fields);

/** What is said again about so few fields or parameters is easier read where it stands. */
const repeatedMin = 3;

/** Which fields a schema of a change shares, word for word, with the schema of what it changes. */
function repeatedFields(document: OpenApiDocument, schema: JsonSchema) {
  const name = Object.entries(document.components.schemas).find(([, one]) => one === schema)?.[0] ?? "";
  const original = name.replace(/Update$/, "Input");
  const fields = new Map(original === name ? [] : propertiesOf(document.components.schemas[original] ?? {}));
  const repeated = propertiesOf(schema)
    .filter(([field, is]) => JSON.stringify(fields.get(field)) === JSON.stringify(is))
    .map(([field]) => field);
  return { original, repeated: repeated.length < repeatedMin ? [] : repeated };
}

/** A part of an address of which nothing is to be said but that it is a text. */
const isPlainPart = (parameter: Described): boolean => {
  const { type, enum: values, pattern } = (parameter["schema"] ?? {}) as JsonSchema;
  const isText = type === "string" && values === undefined && pattern === undefined;
  return parameter["in"] === "path" && parameter["description"] === undefined && isText;
};

function drawer(document: OpenApiDocument) {
  const sets = refusalSets(document);
  const parametersDrawn = new Map<string, ReadonlySet<string>>();
  const resolved = (value: Described): Described => {
    if (value.$ref === undefined) return value;
    const path = value.$ref.split("/").slice(1);
    return path.reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], document) as Described;
  };

  const typeOf = (schema: JsonSchema): Html => {
    const ref = schema["$ref"];
    if (typeof ref === "string") {
      const name = ref.split("/").at(-1) ?? "";
      return link(`schema-${name}`, name);
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
    const properties = propertiesOf(schema);
    if (properties.length === 0) return html`<p class="type">${typeOf(schema)}</p>`;
    const required = new Set((schema["required"] ?? []) as string[]);
    const { original, repeated } = repeatedFields(document, schema);
    const own = properties.filter(([name]) => !repeated.includes(name));
    const optional = repeated.some((name) => required.has(name)) ? "" : ", all optional";
    const same =
      repeated.length === 0
        ? none
        : html`<p>As in ${link(`schema-${original}`, original)}${optional}: <code>${text(repeated.join(", "))}</code>.`;
    if (own.length === 0) return same;
    return html`${same}<table>${own.map(
      ([name, field]) => html`<tr><th>${text(name)}${required.has(name) ? none : html`<i>optional</i>`}
<td>${typeOf(field)}${smallOf(limitsOf(field))}${aboutOf(field["description"])}`,
    )}</table>`;
  };

  const media = (title: Html, content: Described | undefined): Html => {
    const entries = Object.entries((content ?? {}) as Record<string, { schema?: JsonSchema }>);
    return raw(
      entries
        .map(([type, { schema }]) => {
          const named = type === "application/json" ? none : html` <code>${text(type)}</code>`;
          return html`<h4>${title}${named}</h4>${schema === undefined ? none : fields(schema)}`;
        })
        .join(""),
    );
  };

  /** The parameters of an operation: by name those that one drawn before has too, the rest in a table. */
  const parametersOf = (id: string, described: OpenApiOperation): Html => {
    const all = (described.parameters ?? [])
      .map((parameter) => ({ key: JSON.stringify(parameter), is: resolved(parameter as Described) }))
      .filter(({ is }) => !isPlainPart(is));
    if (all.length === 0) return none;
    const keys = new Set(all.map(({ key }) => key));
    const [original, repeated] = [...parametersDrawn]
      .map(([other, others]) => [other, new Set([...keys].filter((key) => others.has(key)))] as const)
      .reduce((most, one) => (one[1].size > most[1].size ? one : most), ["", new Set<string>()] as const);
    const isRepeated = repeated.size >= repeatedMin;
    const own = isRepeated ? all.filter(({ key }) => !repeated.has(key)) : all;
    const names = all.filter(({ key }) => isRepeated && repeated.has(key)).map(({ is }) => is["name"]);
    parametersDrawn.set(id, new Set(own.map(({ key }) => key)));
    return html`<h4>Parameters</h4>${isRepeated ? html`<p>As in ${link(original, original)}: <code>${text(names.join(", "))}</code>.` : none}${
      own.length === 0
        ? none
        : html`<table>${own.map(
            ({ is }) =>
              html`<tr><th>${text(is["name"])}<i>${text(is["in"])}${text(
                is["required"] === true ? ", required" : "",
              )}</i><td>${typeOf(is["schema"] as JsonSchema)}${aboutOf(is["description"])}`,
          )}</table>`
    }`;
  };

  const operation = (path: string, method: string, described: OpenApiOperation): Html => {
    const answers = Object.entries(described.responses) as [status: string, answer: Described][];
    const responses = answers
      .filter(([, { $ref }]) => $ref === undefined)
      .map(([status, response]) => ({ status, response }));
    const refusals = refusalsOf(described);
    const body = described.requestBody?.content as Described | undefined;
    return html`<article id="${text(described.operationId)}"><h3><b class="${text(method)}">${text(method)}</b> ${text(path)}</h3>
<p>${prose(described.summary)}
${parametersOf(described.operationId, described)}${media(html`Body`, body)}
<h4>Try</h4><pre>${raw(between(curl(path, method, described)))}</pre>${responses.map(({ status, response }) => {
      const title = html`${text(status)} ${prose(response["description"])}`;
      const content = status.startsWith("2") ? (response["content"] as Described | undefined) : undefined;
      return content === undefined ? html`<h4>${title}</h4>` : media(title, content);
    })}<p>Refusals: ${refusalsText(sets, refusals)}</article>`;
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
