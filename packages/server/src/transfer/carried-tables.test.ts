import { expect, test } from "vitest";
import { migrations } from "../sqlite/schema.ts";
import { carriedTables, droppedKeys, latestSchema, rowsOfNewSchema } from "./carried-tables.ts";

test("every table of every schema that ever was is carried, each column exactly", () => {
  for (const { id } of migrations) {
    const tables = new Set<string | undefined>();
    for (const { sql } of migrations.filter((migration) => migration.id <= id)) {
      for (const [, made, gone, from, to] of sql.matchAll(
        /CREATE TABLE (\w+)|DROP TABLE (\w+)|ALTER TABLE (\w+) RENAME TO (\w+)/g,
      )) {
        tables.delete(gone ?? from);
        if (made !== undefined || to !== undefined) tables.add(made ?? to);
      }
    }
    const made = [...tables];
    const own = tables.has(droppedKeys.name) ? [] : [droppedKeys.name];
    expect(carriedTables(id).map(({ name }) => name)).toEqual([...made.sort(), ...own]);
  }
});

test("rows are in the order of the table's key", () => {
  const keys = Object.fromEntries(carriedTables(latestSchema).map(({ name, key }) => [name, key]));
  expect(keys["records"]).toEqual(["organization_id", "id"]);
  expect(keys["rollup_user_daily"]).toEqual(["organization_id", "day", "user_id", "series_id"]);
});

test("what a new installation holds by itself is known", () => {
  expect([...rowsOfNewSchema(latestSchema)].filter(([, rows]) => rows > 0).map(([name]) => name)).toEqual(
    expect.arrayContaining(["organizations", "settings"]),
  );
});
