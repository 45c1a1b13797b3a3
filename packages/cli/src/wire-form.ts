/** Fields whose content is the caller's or the provider's own: the client passes them untouched, and so does this. */
const untouched: ReadonlySet<string> = new Set([
  "tags",
  "metadata",
  "quantities",
  "units",
  "usage",
  "rawUsage",
  "content",
  "details",
  "checks",
  "before",
  "after",
]);

/**
 * What the client answered, as the interface spells it: snake_case names, and for money the exact string in place of the
 * number. The inverse of the client's own reading, so that `--output json` shows the same document as the API.
 *
 * @example wireForm({ totalCost: 0.1, totalCostExact: "0.1" }) // { total_cost: "0.1" }
 */
export function wireForm<Wire>(value: unknown): Wire {
  return convert(value) as Wire;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, convert);
  if (typeof value !== "object" || value === null) return value;
  const source = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(source)
      .filter(([name, item]) => item !== undefined && typeof item !== "function" && !isExactTwin(source, name))
      .map(([name, item]) => [
        nameToWire(name),
        untouched.has(name) ? item : Object.hasOwn(source, `${name}Exact`) ? source[`${name}Exact`] : convert(item),
      ]),
  );
}

const isExactTwin = (source: object, name: string): boolean =>
  name.endsWith("Exact") && Object.hasOwn(source, name.slice(0, -"Exact".length));

/** `inputTokens` → `input_tokens`; names such as `tag:costCenter` are the caller's own and stay. */
export function nameToWire(name: string): string {
  return /^[a-z][a-zA-Z0-9]*$/.test(name)
    ? name.replace(/([a-z0-9])([A-Z])|([a-zA-Z])([0-9])/g, "$1$3_$2$4").toLowerCase()
    : name;
}
