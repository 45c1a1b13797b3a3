/**
 * Names and values on both sides of the wire: snake_case and decimal strings there, camelCase and, for costs, a number
 * with the exact string beside it here.
 */

/** Fields whose content is the caller's or the provider's own and passes untouched. */
const opaqueFields = [
  "tags",
  "metadata",
  "quantities",
  "units",
  "usage",
  "raw_usage",
  "content",
  "details",
  "checks",
  "before",
  "after",
] as const;

/** Costs, and what a budget says of them, that are given twice: as a number, and exactly under the same name with `Exact`. */
const moneyFields = [
  "total_cost",
  "cache_savings",
  "avg_cost_per_request",
  "original_cost",
  "amount",
  "spent",
  "reserved",
  "remaining",
  "utilization",
  "burn_rate_per_day",
  "projected",
] as const;

/** Instants that callers may give as a `Date`. */
type DateField = "start_date" | "end_date" | "effective_date" | "occurred_at" | "timestamp" | "date" | "starts_at";

type OpaqueField = (typeof opaqueFields)[number];
type MoneyField = (typeof moneyFields)[number];

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type CamelKey<Key> = Key extends string ? Camel<Key> : Key;
type AsNumber<T> = T extends string ? number : T;

type Flat<T> = { [Key in keyof T]: T[Key] };

/** The client's form of a wire type. */
export type FromWire<T> = T extends readonly (infer Item)[]
  ? FromWire<Item>[]
  : T extends object
    ? Flat<
        {
          [Key in keyof T as CamelKey<Key>]: Key extends OpaqueField
            ? T[Key]
            : Key extends MoneyField
              ? AsNumber<T[Key]>
              : FromWire<T[Key]>;
        } & { [Key in keyof T as Key extends MoneyField ? `${Camel<Key>}Exact` : never]: T[Key] }
      >
    : T;

/** What callers may give for a wire input: camelCase names, `Date` for instants. */
export type ToWire<T> = T extends readonly (infer Item)[]
  ? readonly ToWire<Item>[]
  : T extends object
    ? {
        [Key in keyof T as CamelKey<Key>]: Key extends OpaqueField
          ? T[Key]
          : Key extends DateField
            ? T[Key] | Date
            : ToWire<T[Key]>;
      }
    : T;

const opaque: ReadonlySet<string> = new Set(opaqueFields);
const money: ReadonlySet<string> = new Set(moneyFields);

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `input_tokens` → `inputTokens`. Names that are not plain snake_case, such as `tag:cost_center`, stay as they are. */
export function nameFromWire(name: string): string {
  return /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)
    ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : name;
}

/** `inputTokens` → `input_tokens`, `cacheWrite1hTokens` → `cache_write_1h_tokens`. Other names stay as they are. */
export function nameToWire(name: string): string {
  return /^[a-z][a-zA-Z0-9]*$/.test(name)
    ? name.replace(/([a-z0-9])([A-Z])|([a-zA-Z])([0-9])/g, "$1$3_$2$4").toLowerCase()
    : name;
}

/** A field's path in an error, such as `records.3.input_tokens`; what stands below an opaque field is the caller's own. */
export function fieldFromWire(path: string): string {
  const parts = path.split(".");
  const end = parts.findIndex((part) => opaque.has(part));
  return parts.map((part, index) => (end === -1 || index <= end ? nameFromWire(part) : part)).join(".");
}

/** What is wrong with each field, by the field's path. */
export function fieldErrorsFromWire(errors: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(errors).map(([path, text]) => [fieldFromWire(path), String(text)]));
}

/** The client's form of an answer. Costs become numbers beside their exact strings; null stays null. */
export function fromWire<T>(value: unknown): FromWire<T> {
  return convertFromWire(value, new Map()) as FromWire<T>;
}

/** `names` has those that this answer had before: it may have thousands of rows, all with the same few. */
function convertFromWire(value: unknown, names: Map<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => convertFromWire(item, names));
  if (!isRecord(value)) return value;
  const converted: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = value[key];
    let name = names.get(key);
    if (name === undefined) {
      name = nameFromWire(key);
      names.set(key, name);
    }
    if (opaque.has(key)) define(converted, name, item);
    else if (key === "field_errors" && isRecord(item)) converted["fieldErrors"] = fieldErrorsFromWire(item);
    else if (money.has(key) && (typeof item === "string" || item === null)) {
      converted[name] = item === null ? null : Number(item);
      converted[`${name}Exact`] = item;
    } else define(converted, name, typeof item === "object" ? convertFromWire(item, names) : item);
  }
  return converted;
}

/** A field called __proto__ is data here and not a prototype. */
function define(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") record[name] = value;
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * The wire's form of an argument: names in snake_case, dates in ISO 8601, absent fields left out.
 * @throws RangeError for an invalid `Date`.
 */
export function toWire(value: unknown): unknown {
  if (value instanceof Date) return instantToWire(value);
  if (Array.isArray(value)) return value.map(toWire);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => {
        const name = nameToWire(key);
        return [name, opaque.has(name) ? item : toWire(item)];
      }),
  );
}

function instantToWire(instant: Date): string {
  if (Number.isNaN(instant.getTime())) throw new RangeError("a date is not valid");
  return instant.toISOString();
}
