import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

let server: PeopleServer;
beforeAll(async () => {
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
});
afterAll(() => server.close());

test("an id with a NUL, which one of the stores cannot even be asked for, is answered like one that nobody has", async () => {
  const paths = ["/projects/", "/roles/", "/teams/", "/usage/", "/exports/", "/pricing/", "/repricings/", "/imports/"];
  for (const path of paths) {
    expect([path, (await server.ask(server.adminKey, "GET", `${path}a%00b`)).status]).toEqual([path, 404]);
  }
});

test("a text with a NUL is refused and named, on each store", async () => {
  const text = "one\n\0two";
  const bodies: readonly (readonly [string, string, object])[] = [
    ["/projects", "description", { id: "p", description: text }],
    ["/roles", "description", { name: "r", description: text, permissions: ["usage:read"] }],
    ["/repricings", "reason", { reason: text }],
    ["/teams", "name", { name: text }],
  ];
  for (const [path, field, body] of bodies) {
    const { status, error } = await server.ask(server.adminKey, "POST", path, body);
    expect([path, status, Object.keys(error.field_errors ?? {})]).toEqual([path, 422, [field]]);
  }
});
