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

  it("takes the password out of an address that cannot be read", () => {
    expect(withoutPassword("postgresql://ann:p@ss:w@db:x/costs")).not.toMatch(/p@ss|ss:w/);
  });
});
