import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { PostgresAddress, readDatabaseAddress, SqliteAddress, withoutPassword } from "./database-address.ts";

describe("database addresses", () => {
  it.each([
    ["sqlite:a.db", "/folder/a.db"],
    ["sqlite:/b/a.db", "/b/a.db"],
    ["sqlite:///b/a.db", "/b/a.db"],
  ])("reads %s as a file", (text, path) => {
    const address = readDatabaseAddress(text);
    expect(address).toBeInstanceOf(SqliteAddress);
    expect(String((address as SqliteAddress).from("/folder"))).toBe(path);
  });

  it.each([
    "postgresql://ann:s3cret@db:5432/costs",
    "postgres://ann:s3cret@db/costs?sslmode=verify-full",
    "postgresql://ann@db/costs?password=s3cret&sslmode=disable",
    "postgresql:///costs?host=/run/postgresql&user=ann&password=s3cret",
  ])("reads %s and never prints its password", (text) => {
    const address = readDatabaseAddress(text) as PostgresAddress;
    expect(address).toBeInstanceOf(PostgresAddress);
    expect(address.url.reveal()).toBe(text);
    for (const printed of [String(address), JSON.stringify(address), inspect(address)]) {
      expect(printed).not.toContain("s3cret");
    }
    expect(String(address)).toContain("costs");
  });

  it.each([
    "cost-ops.db",
    "sqlite:",
    "sqlite::memory:",
    "postgresql://",
    "postgresql://db",
    "postgresql:///costs",
    "mysql://a/b",
  ])("says what is wrong with %s", (text) => {
    expect(readDatabaseAddress(text)).toMatch(/^must /);
  });

  it.each([
    "postgresql://ann:p@s3cret@db:x/costs",
    "postgresql://ann:/s3cret@db/costs",
    "postgresql://ann:5/s3cret@db/costs",
    "postgresql://ann:#s3cret@db/costs",
    "postgresql://ann:p?s3cret@db/costs",
    "postgresql://db?ann:s3cret@x",
    "postgresql://ann:p:s3cret\n@db/costs",
    "postgres:ann:s3cret@db/costs",
    "ann:s3cret@db/costs",
    "mysql://ann:s3cret@db",
    "host=db user=ann password=s3cret",
    "postgresql://ann:s3cret%40db/costs",
    "postgresql://db/costs?password=p#s3cret",
    "postgresql://db/costs?password=p&s3cret",
  ])("takes the password out of %j, which cannot be read as it was meant", (text) => {
    expect(withoutPassword(text)).not.toContain("s3cret");
  });

  it.each([
    ["postgresql://ann:s3cret@db:5432/costs?sslmode=disable", "postgresql://ann:***@db:5432/costs?sslmode=disable"],
    ["postgresql://db:5432/costs", "postgresql://db:5432/costs"],
    ["postgresql://[::1]:5432/costs", "postgresql://[::1]:5432/costs"],
    ["sqlite:/home/a:b@c/costs.db", "sqlite:/home/a:b@c/costs.db"],
  ])("leaves all else of %s", (text, shown) => {
    expect(withoutPassword(text)).toBe(shown);
  });
});
