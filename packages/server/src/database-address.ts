import { resolve } from "node:path";
import { Secret } from "./secret.ts";

/** The embedded store: one file. */
export class SqliteAddress {
  readonly store = "sqlite";
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The same with its path absolute. */
  from(folder: string): SqliteAddress {
    return new SqliteAddress(resolve(folder, this.path));
  }

  toString(): string {
    return this.path;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** A PostgreSQL database. It prints without its password. */
export class PostgresAddress {
  readonly store = "postgres";
  readonly url: Secret;
  readonly #shown: string;

  constructor(url: string) {
    this.url = new Secret(url);
    this.#shown = withoutPassword(url);
  }

  from(_folder: string): PostgresAddress {
    return this;
  }

  toString(): string {
    return this.#shown;
  }

  toJSON(): string {
    return this.toString();
  }
}

export type DatabaseAddress = SqliteAddress | PostgresAddress;

/**
 * The address with its password, wherever it stands, replaced: for messages about addresses, wrong ones included. One whose
 * password has `/`, `#`, `?` or `@` in it reads as something else, so all from the first colon to the last `@` goes; a file
 * has no password.
 */
export const withoutPassword = (text: string): string =>
  /^sqlite:/i.test(text)
    ? text
    : text
        .replace(/^((?:[^:/@]*:\/\/)?[^:@]*:).*@/s, "$1***@")
        // Without an `@` what stands behind a colon and is no port may be a password all the same.
        .replace(/^([^:/@]*:\/\/[^:@/?#[]*:)(?!\*\*\*@|\d+(?:[/?#]|$)).*/s, "$1***")
        // Its `&` and `#` may be part of it, so nothing behind it is shown.
        .replace(/(password\s*=).*/is, "$1***");

/**
 * Reads `sqlite:relative/path.db`, `sqlite:/absolute/path.db`, `sqlite:///absolute/path.db` or
 * `postgresql://user:password@host:port/database?sslmode=…`. For another text the end of a sentence that says what would
 * be right.
 */
export function readDatabaseAddress(text: string): DatabaseAddress | string {
  return /^postgres(ql)?:/i.test(text) ? readPostgres(text) : readSqlite(text);
}

function readSqlite(text: string): SqliteAddress | string {
  const path = /^sqlite:(?:\/\/(?=\/))?([^?#]+)$/i.exec(text)?.[1];
  if (path === undefined || path.includes("\0")) {
    return "must be sqlite: and a file path, such as sqlite:cost-ops.db, or postgresql://user:password@host/database";
  }
  if (path === ":memory:") {
    return "must name a file: several threads share the database, and memory cannot be shared";
  }
  return new SqliteAddress(path);
}

function readPostgres(text: string): PostgresAddress | string {
  const wanted = "must be like postgresql://user:password@host:5432/database";
  if (!URL.canParse(text))
    return `${wanted}; characters such as @ : / # in a password are written with % and two digits`;
  const url = new URL(text);
  if (url.pathname.length < 2) return `${wanted}: it names no database`;
  // A socket's folder stands in the query: postgresql:///database?host=/run/postgresql
  if (url.hostname === "" && !url.searchParams.has("host")) return `${wanted}: it names no host`;
  return new PostgresAddress(text);
}
