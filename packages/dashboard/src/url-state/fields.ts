/** How one part of a page's state stands in the address. */
export interface Field<T> {
  readonly read: (text: string | null) => T;
  /** Null where the value is what absence means, so that addresses stay short. */
  readonly write: (value: T) => string | null;
  /** What of a text is passed over because it means nothing here; nothing of it where absent. */
  readonly unread?: (text: string) => readonly string[];
}

/** Text that somebody typed, such as a search. */
export const textField = (absent = ""): Field<string> => ({
  read: (text) => text ?? absent,
  write: (value) => (value === absent ? null : value),
});

/** One of some words; anything else in an address counts as the first. */
export const choiceField = <const T extends string>(choices: readonly [T, ...T[]]): Field<T> => ({
  read: (text) => choices.find((choice) => choice === text) ?? choices[0],
  write: (value) => (value === choices[0] ? null : value),
  unread: (text) => (choices.some((choice) => choice === text) ? [] : [text]),
});

export const flagField = (absent: boolean): Field<boolean> => ({
  read: (text) => (text === null ? absent : text === "1"),
  write: (value) => (value === absent ? null : value ? "1" : "0"),
  unread: (text) => (text === "1" || text === "0" ? [] : [text]),
});

/** Words in an order, separated by commas; what is in them is escaped. */
export const listField = (absent: readonly string[] = []): Field<readonly string[]> => ({
  read: (text) => (text === null ? absent : text === "" ? [] : text.split(",").map(decode)),
  write: (values) =>
    values.length === absent.length && values.every((value, at) => value === absent[at])
      ? null
      : values.map(encode).join(","),
});

const encode = (value: string): string => value.replace(/[%,]/g, (mark) => (mark === "%" ? "%25" : "%2C"));
const decode = (text: string): string => text.replace(/%2C/gi, ",").replace(/%25/g, "%");

/** A schema: the fields of a page by the names that they have in the address. */
export type Fields<S> = { readonly [K in keyof S]: Field<S[K]> };

export function readState<S extends object>(fields: Fields<S>, search: string): S {
  const given = new URLSearchParams(search);
  const names = Object.keys(fields) as (keyof S & string)[];
  return Object.fromEntries(names.map((name) => [name, fields[name].read(given.get(name))])) as S;
}

/** The address's query with some fields changed; whatever else is in it stays. */
export function writeState<S extends object>(fields: Fields<S>, search: string, change: Partial<S>): string {
  const query = new URLSearchParams(search);
  for (const name of Object.keys(change) as (keyof S & string)[]) {
    const text = fields[name].write(change[name] as S[typeof name]);
    if (text === null) query.delete(name);
    else query.set(name, text);
  }
  return query.toString();
}

/** What a page reads of its address, by name. */
export type ReadFields = Readonly<Record<string, Pick<Field<unknown>, "unread">>>;

/** What an address says and these fields do not read, as `name=value`: an old link, or one with a slip of the hand in it. */
export function unreadIn(fields: ReadFields, search: string): string[] {
  return [...new URLSearchParams(search)].flatMap(([name, text]) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const parts = field === undefined ? [text] : (field.unread?.(text) ?? []);
    return parts.map((part) => `${name}=${part}`);
  });
}
