/** One value of a changed thing, as it was and as it is; absent where there was none. */
export interface Difference {
  /** Where it is, such as `settings.limits.cost_per_day`; empty where the thing is one value. */
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every value with its path. Lists are one value each: what is at which place of them says nothing. */
function valuesOf(value: unknown, path = ""): readonly (readonly [path: string, text: string])[] {
  if (value === null || value === undefined) return path === "" ? [] : [[path, "null"]];
  if (!isObject(value)) return [[path, typeof value === "string" ? value : JSON.stringify(value)]];
  const entries = Object.entries(value);
  if (entries.length === 0 && path !== "") return [[path, "{}"]];
  return entries.flatMap(([name, item]) => valuesOf(item, path === "" ? name : `${path}.${name}`));
}

/** What differs, in the order in which the thing is written; what was taken away comes last. */
export function differencesOf(before: unknown, after: unknown): readonly Difference[] {
  const was = new Map(valuesOf(before));
  const is = new Map(valuesOf(after));
  const paths = [...is.keys(), ...[...was.keys()].filter((path) => !is.has(path))];
  return paths
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => {
      const [from, to] = [was.get(path), is.get(path)];
      return {
        path,
        ...(from === undefined ? {} : { before: from }),
        ...(to === undefined ? {} : { after: to }),
      };
    });
}
