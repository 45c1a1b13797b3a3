import pg from "pg";
import { invariant } from "../refusal.ts";

/** A statement of `StoreConnection` outside its quoted texts: a place, or the embedded store's own hint to its planner. */
const tokens = /'(?:[^']|'')*'|\?(\d*)|\s+INDEXED\s+BY\s+\w+/gi;

const keptTextsMax = 1_000;

/**
 * Writes statements as PostgreSQL reads them: `?` and `?2` as `$1` and `$2`, without hints for SQLite's planner. Texts
 * are kept, since nearly all of them come again.
 */
export function statementTexts(): (sql: string) => string {
  const kept = new Map<string, string>();
  return (sql) => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    let places = 0;
    const text = sql.replace(tokens, (token, numbered: string | undefined) => {
      if (token.startsWith("'")) return token;
      if (!token.startsWith("?")) return "";
      places += 1;
      return `$${numbered || places}`;
    });
    if (kept.size >= keptTextsMax) kept.clear();
    kept.set(sql, text);
    return text;
  };
}

/** The same with the values in their places, for statements that take none. */
export function withLiterals(sql: string, values: readonly (string | number)[]): string {
  let places = 0;
  return sql.replace(tokens, (token, numbered: string | undefined) => {
    if (!token.startsWith("?")) return token;
    places += 1;
    const value = values[Number(numbered || places) - 1];
    invariant(value !== undefined, `a statement's place ${token} has a value`);
    return typeof value === "number" ? String(value) : pg.escapeLiteral(value);
  });
}
