import { type FilterDimension, filterDimensions, type RecordFilter, type SeriesTest } from "./cost-filter.ts";
import { holdsTag } from "./tag-term.ts";

/** The dimensions of a series that rows can be grouped by, as columns of the catalogue. */
export const seriesColumns = [...filterDimensions, "model", "resolved_model", "tags"] as const;
export type SeriesColumn = (typeof seriesColumns)[number];

/** A series: its id and the values of `seriesColumns`. */
export type SeriesRow = readonly [id: number, ...values: (string | null)[]];

/**
 * One organization's series in memory, column by column: a value is a position in the column's list of distinct values,
 * so that filtering and grouping look at each distinct value once.
 */
export class SeriesCatalogue {
  /** The highest series id that was read; ids only grow. */
  #lastId = 0;
  readonly ids: number[] = [];
  readonly columns: Readonly<Record<SeriesColumn, SeriesValues>>;

  constructor() {
    this.columns = Object.fromEntries(seriesColumns.map((name) => [name, new SeriesValues()])) as Record<
      SeriesColumn,
      SeriesValues
    >;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Takes in series in the order of their ids; those that it has already are left out. */
  add(rows: readonly SeriesRow[]): void {
    for (const [id, ...values] of rows) {
      if (id <= this.#lastId) continue;
      this.ids.push(id);
      for (const [at, name] of seriesColumns.entries()) this.columns[name].push(values[at] ?? null);
      this.#lastId = id;
    }
  }

  /** The positions of the series that the filter's dimensions, models and tags let through. */
  matching(filter: RecordFilter): number[] {
    const tests: ((at: number) => boolean)[] = [];
    for (const name of Object.keys(filter.dimensions) as FilterDimension[]) {
      tests.push(this.#allowing(name, new Set(filter.dimensions[name])));
    }
    if (filter.models !== undefined) {
      const names = new Set(filter.models);
      const asSent = this.#allowing("model", names);
      const asResolved = this.#allowing("resolved_model", names);
      tests.push((at) => asSent(at) || asResolved(at));
    }
    if (filter.tags.length > 0) {
      const allowed = this.columns.tags.distinct.map((text) => {
        const tags = parseTags(text);
        return filter.tags.every((candidates) => holdsTag(tags, candidates));
      });
      const { codes } = this.columns.tags;
      tests.push((at) => allowed[codes[at] ?? 0] === true);
    }
    if (filter.exactly !== undefined) tests.push(this.#exactly(filter.exactly));
    const all = Array.from(this.ids.keys());
    return tests.length === 0 ? all : all.filter((at) => tests.every((test) => test(at)));
  }

  #exactly({ of, values, isNot = false }: SeriesTest): (at: number) => boolean {
    const wanted = new Set(values);
    const { codes, distinct } = this.columns[typeof of === "string" ? of : "tags"];
    const read = (text: string | null): string | null =>
      typeof of === "string" ? text : (tagOf(parseTags(text), of.tag) ?? null);
    const allowed = distinct.map((text) => wanted.has(read(text)) !== isNot);
    return (at) => allowed[codes[at] ?? 0] === true;
  }

  #allowing(name: SeriesColumn, values: ReadonlySet<string>): (at: number) => boolean {
    const { codes, distinct } = this.columns[name];
    const allowed = distinct.map((value) => value !== null && values.has(value));
    return (at) => allowed[codes[at] ?? 0] === true;
  }
}

/** One column: the code of each series and the value of each code. */
class SeriesValues {
  readonly codes: number[] = [];
  readonly distinct: (string | null)[] = [];
  readonly #codeOf = new Map<string | null, number>();

  push(value: string | null): void {
    let code = this.#codeOf.get(value);
    if (code === undefined) {
      code = this.distinct.length;
      this.#codeOf.set(value, code);
      this.distinct.push(value);
    }
    this.codes.push(code);
  }
}

/** What tags say under a key. */
export const tagOf = (tags: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(tags, key) ? tags[key] : undefined;

/** Tags as the store writes them: a JSON map. */
export const parseTags = (text: string | null): Readonly<Record<string, string>> =>
  text === null ? {} : (JSON.parse(text) as Record<string, string>);
