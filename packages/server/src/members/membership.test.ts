import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

const password = "a lantern over the harbour";
let here: PeopleServer;
beforeAll(async () => {
  const folder = temporaryFolder();
  here = await startPeopleServer(await newDatabase(folder.path), folder);
});
afterAll(() => here.close());

interface Joined {
  readonly id: string;
  readonly token: string;
}

async function join(by: string, organization: string, email: string, role: string, scope: string): Promise<Joined> {
  const body = { user_email: email, role, scope };
  const invited = await here.ask(by, "POST", `/organizations/${organization}/invitations`, body);
  const { token } = invited.data as unknown as { token: string };
  const accepted = await here.ask(undefined, "POST", "/invitations/accept", { token, password });
  expect([invited.status, accepted.status, accepted.text.includes(token)]).toEqual([201, 201, false]);
  const { user_id: id } = accepted.data as unknown as { user_id: string };
  return { id, token: (await here.login(email, password)).access_token };
}

test("removing a member ends what they may do at once here, and soon in every other process", async () => {
  const there = await here.another();
  const ada = await join(here.adminKey, "default", "ada@example.com", "viewer", "organization");
  expect([await here.statusOf(ada.token), await there.statusOf(ada.token)]).toEqual([200, 200]);
  const path = `/organizations/default/users/${ada.id}`;
  expect((await here.ask(here.adminKey, "DELETE", path)).status).toBe(200);
  expect(await here.statusOf(ada.token)).toBe(401);
  await expect.poll(() => there.statusOf(ada.token), { timeout: 5_000 }).toBe(401);
});

test("losing a role holds at once as well", async () => {
  const bob = await join(here.adminKey, "default", "bob@example.com", "developer", "project:a");
  const record = { provider: "openai", model: "gpt-4o", input_tokens: 1, output_tokens: 1 };
  const recorded = async () => (await here.ask(bob.token, "POST", "/usage", record)).status;
  expect(await recorded()).toBe(201);
  const assignment = { user_id: bob.id, role: "viewer", scope: "project:a" };
  await here.ask(here.adminKey, "POST", "/organizations/default/role-assignments", assignment);
  expect(await recorded()).toBe(403);
  await here.ask(here.adminKey, "DELETE", `/organizations/default/users/${bob.id}/roles?scope=project:a`);
  expect(await here.statusOf(bob.token)).toBe(403);
});

test("a parent's administrator sees and changes a tenant's members; a tenant sees its own alone", async () => {
  const made = await here.ask(here.adminKey, "POST", "/organizations", { name: "Acme" });
  const { id, api_key } = made.data as unknown as { id: string; api_key: { key: string } };
  const eve = await join(here.adminKey, id, "eve@example.com", "admin", "organization");
  const emails = async (by: string, organization: string) => {
    const { status, data } = await here.ask(by, "GET", `/organizations/${organization}/users`);
    return status === 200 ? (data as unknown as { email: string }[]).map(({ email }) => email) : status;
  };
  expect(await emails(here.adminKey, id)).toEqual(["eve@example.com"]);
  expect(await emails(api_key.key, id)).toEqual(["eve@example.com"]);
  expect(await emails(eve.token, "default")).toBe(404);
  const reader = { name: "reader", scopes: ["members:read", "members:write", "organizations:read"] };
  const { data } = await here.ask(here.adminKey, "POST", "/api-keys", reader);
  const { key } = data as unknown as { key: string };
  expect(await emails(key, id)).toBe(404);
  await here.ask(here.adminKey, "PATCH", `/organizations/${id}`, { isolation: "shared" });
  expect(await emails(key, id)).toEqual(["eve@example.com"]);
  expect((await here.ask(key, "DELETE", `/organizations/${id}/users/${eve.id}`)).status).toBe(403);
});

test("guesses of a member's password count together, through whichever invitation, and are told in the trail", async () => {
  await join(here.adminKey, "default", "victim@example.com", "viewer", "organization");
  const made = await here.ask(here.adminKey, "POST", "/organizations", { name: "Guessers" });
  const { id, api_key } = made.data as unknown as { id: string; api_key: { key: string } };
  const statuses: number[] = [];
  for (let guess = 0; guess < 12; guess += 1) {
    const body = { user_email: "victim@example.com", role: "viewer" };
    const invited = await here.ask(api_key.key, "POST", `/organizations/${id}/invitations`, body);
    const { token } = invited.data as unknown as { token: string };
    const guessed = { token, password: `a guess of number ${guess}` };
    statuses.push((await here.ask(undefined, "POST", "/invitations/accept", guessed)).status);
  }
  expect(statuses[0]).toBe(422);
  expect(statuses).toContain(429);
  const trail = await here.ask(here.adminKey, "GET", "/audit?action=auth.login&limit=20");
  const refused = (trail.data as unknown as { outcome: string }[]).filter(({ outcome }) => outcome === "refused");
  expect(refused).toHaveLength(statuses.filter((status) => status === 422).length);
});
