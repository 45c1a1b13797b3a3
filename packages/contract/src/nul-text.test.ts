import { expect, test } from "vitest";
import type { z } from "zod";
import { type Operation, operations } from "./operations.ts";

/** What is kept or asked for only after something of its own has read it, which finds no NUL in what it takes. */
const readElsewhere = [
  /^(?:usage|costs|reservations)\.\w+ body(?:\.(?:usage|records|entries))?\.(?:tags|metadata|units|usage_format|model\.\*|usage\.\*)/,
  /^catalogue\.\w+ body\.content\.\*/,
  /\.(?:last_event_id|range|timezone|time_zone|group_by)$/,
  /\.(?:password|current_password|new_password|code|token|refresh_token)$/,
];

type Def = z.core.$ZodTypes["_zod"]["def"];

/** The paths of the texts within a schema that take one with a NUL. */
function* openTexts(schema: z.core.$ZodType, path: string): Generator<string> {
  const def = schema._zod.def as Def;
  switch (def.type) {
    case "string":
      if (["\0", "a\0b", `${"a".repeat(20)}\0`].some((text) => (schema as z.ZodString).safeParse(text).success))
        yield path;
      return;
    case "object":
      for (const [name, field] of Object.entries(def.shape)) yield* openTexts(field, `${path}.${name}`);
      if (def.catchall !== undefined) yield* openTexts(def.catchall, `${path}.*`);
      return;
    case "record":
      yield* openTexts(def.keyType, `${path}.*`);
      yield* openTexts(def.valueType, `${path}.*`);
      return;
    case "array":
      return yield* openTexts(def.element, path);
    case "union":
      for (const option of def.options) yield* openTexts(option, path);
      return;
    case "optional":
    case "nullable":
    case "default":
      return yield* openTexts(def.innerType, path);
    case "pipe":
      yield* openTexts(def.out._zod.def.type === "transform" ? def.in : def.out, path);
      return;
    case "unknown":
      yield path;
      return;
    case "enum":
    case "literal":
    case "number":
    case "boolean":
    case "never":
      return;
    default:
      throw new Error(`${path} is of a kind that is not looked into: ${def.type}`);
  }
}

test("no text of a body or a query takes a NUL, which one of the stores could not even be asked for", () => {
  const open = Object.entries<Operation>(operations).flatMap(([id, { query, body }]) => [
    ...(query === undefined ? [] : openTexts(query, `${id} query`)),
    ...(body === undefined ? [] : openTexts(body, `${id} body`)),
  ]);
  expect(open.length).toBeGreaterThan(0);
  expect(open.filter((path) => !readElsewhere.some((known) => known.test(path)))).toEqual([]);
});
