import type { MatchClause } from "./model-resolution.ts";

/** A test of a model name that is already in lower case and at most `modelNameCharsMax` long. */
export type NameTest = (lowerName: string) => boolean;

/** Longer names are not models; the bound also bounds what a pattern of the catalogue can cost. */
export const modelNameCharsMax = 256;

const patternCharsMax = 256;
const rangesMax = 2;
const optionsMax = 8;

/** A quantifier at the head of the text: its length, and whether it can take more than one length. */
function readQuantifier(
  text: string,
): { readonly length: number; readonly kind: "fixed" | "optional" | "range" } | undefined {
  const match = /^(?:([*+])|(\?)|\{(\d+)(,?)(\d*)\})\??/.exec(text);
  if (match === null) return undefined;
  const [whole, unbounded, optional, least, comma, most] = match;
  if (optional !== undefined) return { length: whole.length, kind: "optional" };
  if (unbounded !== undefined) return { length: whole.length, kind: "range" };
  return { length: whole.length, kind: comma === "" || least === most ? "fixed" : "range" };
}

/**
 * Why a pattern could take longer than a name is worth, or cannot be read at all; undefined where it is safe.
 * Refused: more than 256 characters, back references, a repeated group whose inside has more than one way to match,
 * more than two open repetitions, more than eight options. What passes costs at most some million steps on 256 characters.
 * An importer of catalogues refuses the entry; `resolveModel` lets such a clause match nothing.
 */
export function unsafePatternReason(pattern: string): string | undefined {
  if (pattern.length > patternCharsMax) return `it is longer than ${patternCharsMax} characters`;
  try {
    new RegExp(pattern);
  } catch {
    return "it is not a regular expression";
  }
  const groups: { variable: boolean }[] = [{ variable: false }];
  let ranges = 0;
  let options = 0;
  let at = 0;
  while (at < pattern.length) {
    const char = pattern.charAt(at);
    let closed: { variable: boolean } | undefined;
    if (char === "\\") {
      if (/^\\(?:[1-9]|k<)/.test(pattern.slice(at))) return "it has a back reference";
      at += 2;
    } else if (char === "[") {
      at += /^\[(?:\\.|[^\]\\])*\]/.exec(pattern.slice(at))?.[0].length ?? 1;
    } else if (char === "(") {
      groups.push({ variable: false });
      at += /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(pattern.slice(at))?.[0].length ?? 1;
      continue;
    } else {
      if (char === ")") closed = groups.pop();
      if (char === "|") {
        options += 1;
        for (const group of groups.slice(-1)) group.variable = true;
      }
      at += 1;
    }
    const quantifier = readQuantifier(pattern.slice(at));
    const group = groups.at(-1);
    if (group === undefined) return "its groups do not close";
    if (closed?.variable === true) group.variable = true;
    if (quantifier === undefined) continue;
    at += quantifier.length;
    if (quantifier.kind !== "optional" && closed?.variable === true)
      return "it repeats a group that can match in several ways";
    if (quantifier.kind === "range") ranges += 1;
    if (quantifier.kind === "optional") options += 1;
    if (quantifier.kind !== "fixed") group.variable = true;
  }
  if (ranges > rangesMax) return `it has more than ${rangesMax} open repetitions`;
  if (options > optionsMax) return `it has more than ${optionsMax} options`;
  return undefined;
}

/** Makes a clause into a test, each pattern compiled once. An unsafe pattern matches nothing. */
export function compileMatchClause(clause: MatchClause): NameTest {
  if ("equals" in clause) {
    const wanted = clause.equals.toLowerCase();
    return (name) => name === wanted;
  }
  if ("starts_with" in clause) {
    const wanted = clause.starts_with.toLowerCase();
    return (name) => name.startsWith(wanted);
  }
  if ("ends_with" in clause) {
    const wanted = clause.ends_with.toLowerCase();
    return (name) => name.endsWith(wanted);
  }
  if ("contains" in clause) {
    const wanted = clause.contains.toLowerCase();
    return (name) => name.includes(wanted);
  }
  if ("regex" in clause) {
    if (unsafePatternReason(clause.regex) !== undefined) return () => false;
    const pattern = new RegExp(clause.regex, "i");
    return (name) => pattern.test(name);
  }
  if ("or" in clause) {
    const tests = clause.or.map(compileMatchClause);
    return (name) => tests.some((test) => test(name));
  }
  const tests = clause.and.map(compileMatchClause);
  return (name) => tests.every((test) => test(name));
}
