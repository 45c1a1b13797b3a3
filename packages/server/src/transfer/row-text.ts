/** The text format of COPY, for fields that SQLite gives and takes. */

const special = /[\b\t\n\v\f\r\\]/;
const specials = /[\b\t\n\v\f\r\\]/g;
const escapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\\": "\\\\",
};
const meanings: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  "\\": "\\",
};

/** What stands for an absent value. */
export const absent = "\\N";

/** Text as a field. */
export const toField = (text: string): string =>
  special.test(text) ? text.replace(specials, (character) => escapes[character] ?? character) : text;

/** The text of a field that is not absent; undefined where it is none. */
export function fromField(field: string): string | undefined {
  if (!field.includes("\\")) return field;
  let isWrong = false;
  const text = field.replace(/\\(.?)/gs, (_, letter: string) => {
    const meaning = meanings[letter];
    if (meaning === undefined) isWrong = true;
    return meaning ?? "";
  });
  return isWrong ? undefined : text;
}
