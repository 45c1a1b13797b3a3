import type { Permission } from "@llm-cost-ops/contract";
import { projectPermissions, type Role, recordPermissions, roles } from "@llm-cost-ops/contract/permissions";
import { vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

/** Somebody who asks, and what the tables say that they may do. */
export interface Asker {
  readonly name: string;
  readonly credential: string;
  readonly may: ReadonlySet<Permission>;
}

/** One of each kind of thing that an id names. */
export interface Things {
  readonly organization: string;
  readonly record: string;
  readonly project: string;
  readonly user: string;
  readonly member: string;
  readonly price: string;
  readonly alias: string;
  readonly budget: string;
  readonly repricing: string;
  readonly import: string;
  readonly export: string;
  readonly key: string;
  readonly role: string;
  readonly team: string;
  readonly invitation: string;
  readonly session: string;
  readonly channel: string;
  readonly alertRule: string;
  readonly alert: string;
  readonly webhook: string;
  readonly delivery: string;
  readonly view: string;
}

/**
 * Two tenants of one parent. Everything of the first that is beyond the project `inside` carries the word `outside`, and
 * everything of the second the word `elsewhere`, so that a leak can be read in an answer.
 */
export interface AccessWorld {
  readonly server: PeopleServer;
  readonly acme: string;
  readonly askers: readonly Asker[];
  readonly asker: (name: string) => Asker;
  /** Of the first tenant, beyond what limited askers reach. */
  readonly outside: Things;
  readonly elsewhere: Things;
  close(): Promise<void>;
}

const password = "a lantern over the harbour";
const all = roles.admin as ReadonlySet<Permission>;

export async function startAccessWorld(): Promise<AccessWorld> {
  const folder = temporaryFolder();
  const server = await startPeopleServer(await newDatabase(folder.path), folder);
  const must = async (credential: string | undefined, method: string, path: string, body?: unknown) => {
    const answer = await server.ask(credential, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
    return answer.data as unknown as Readonly<Record<string, unknown>> & { readonly id: string };
  };
  const tenant = async (name: string) => {
    const { id, api_key } = await must(server.adminKey, "POST", "/organizations", { name });
    return { id, key: (api_key as { key: string }).key };
  };
  const acme = await tenant("Acme");
  const other = await tenant("elsewhere");

  const member = async ({ id, key }: { id: string; key: string }, email: string, role: string, scope: string) => {
    const invitation = { user_email: email, role, scope };
    const { token } = await must(key, "POST", `/organizations/${id}/invitations`, invitation);
    const { user_id } = await must(undefined, "POST", "/invitations/accept", { token, password });
    const login = { email, password };
    const { access_token, session } = await must(undefined, "POST", "/auth/login", login);
    return { user: String(user_id), credential: String(access_token), session: (session as { id: string }).id };
  };

  const things = async (of: { id: string; key: string }, word: string): Promise<Things> => {
    const made = async (path: string, body: unknown) => (await must(of.key, "POST", path, body)).id;
    const user = `${word}-user`;
    const usage = { provider: "openai", model: "gpt-4o", input_tokens: 1_000, output_tokens: 10, user_id: user };
    await must(of.key, "POST", "/projects", { id: word });
    await must(of.key, "POST", "/roles", { name: word, permissions: ["usage:read"] });
    await must(of.key, "POST", "/pricing/providers", { id: `${word}-provider`, name: word });
    const alias = { provider: "openai", alias: `${word}-alias`, model: "gpt-4o" };
    await must(of.key, "POST", "/pricing/aliases", alias);
    await must(of.key, "POST", "/usage", { ...usage, id: `${word}-record`, project_id: word, tags: { word } });
    const line = JSON.stringify({
      ...usage,
      id: `${word}-imported`,
      project_id: word,
      occurred_at: "2026-01-01T00:00:00Z",
    });
    const imported = await fetch(`${server.url}/api/v1/imports?name=${word}`, {
      method: "POST",
      headers: { authorization: `Bearer ${of.key}`, "content-type": "application/x-ndjson" },
      body: `${line}\n`,
    });
    const person = await member(of, `${word}@example.com`, "viewer", "organization");
    const price = {
      provider: "openai",
      model: `${word}-model`,
      input_price_per_million: "1",
      output_price_per_million: "1",
    };
    const reached = { kind: "metric", metric: "tokens", threshold: 1 };
    await must(of.key, "POST", "/usage", { ...usage, project_id: word });
    const alertRule = await made("/alerts/rules", { name: `${word} rule`, ...reached });
    const findAlert = async (): Promise<string> => {
      const found = await must(of.key, "GET", `/alerts?rule_id=${alertRule}`);
      const [alert] = found as unknown as readonly { readonly id: string }[];
      if (alert === undefined) throw new Error("the rule has no alert yet");
      return alert.id;
    };
    const webhook = await made("/webhooks", { url: `https://hooks.example.invalid/${word}`, events: ["webhook.test"] });
    return {
      organization: of.id,
      record: `${word}-record`,
      project: word,
      user,
      member: person.user,
      price: await made("/pricing", price),
      alias: alias.alias,
      budget: await made("/budgets", {
        name: `${word} budget`,
        amount: "1",
        period: { kind: "month" },
        scope: { project_id: [word] },
      }),
      repricing: await made("/repricings", { reason: word }),
      import: ((await imported.json()) as { data: { id: string } }).data.id,
      export: await made("/exports", { format: "jsonl", group_by: ["project"] }),
      key: await made("/api-keys", { name: word, project_id: word }),
      role: word,
      team: await made("/teams", { name: word, projects: [word] }),
      invitation: await made(`/organizations/${of.id}/invitations`, {
        user_email: `${word}-2@example.com`,
        role: "viewer",
      }),
      session: person.session,
      alertRule,
      alert: await vi.waitFor(findAlert, { timeout: 20_000 }),
      channel: await made("/channels", {
        kind: "slack",
        name: word,
        url: `https://hooks.example.invalid/${word}`,
      }),
      webhook,
      delivery: await made(`/webhooks/${webhook}/test`, undefined),
      // Shared, which whoever is limited to a part of the records does not see all the same.
      view: await made("/views", { name: `${word} view`, page: "explore", state: `f=projectId:${word}`, shared: true }),
    };
  };
  const outside = await things(acme, "outside");
  const elsewhere = await things(other, "elsewhere");

  const askers: Asker[] = [];
  const join = async (name: string, role: Role, scope: string, may: ReadonlySet<Permission>) => {
    const made = await member(acme, `${name.replaceAll(" ", "-")}@example.com`, role, scope);
    askers.push({ name, credential: made.credential, may });
    return made;
  };
  for (const role of Object.keys(roles) as Role[]) await join(role, role, "organization", roles[role]);
  await join("project", "admin", "project:inside", projectPermissions);
  await join("own", "admin", "own", recordPermissions);
  const nobody = await join("without a role", "viewer", "organization", new Set());
  const roleOf = `/organizations/${acme.id}/users/${nobody.user}/roles`;
  await must(acme.key, "DELETE", `${roleOf}?scope=organization`);
  const projectKey = await must(acme.key, "POST", "/api-keys", { name: "inside", project_id: "inside" });
  askers.push({ name: "project key", credential: String(projectKey["key"]), may: projectPermissions });
  askers.push({ name: "another tenant", credential: other.key, may: all });
  const record = { provider: "openai", model: "gpt-4o", input_tokens: 5, output_tokens: 5, id: "inside-record" };
  await must(String(projectKey["key"]), "POST", "/usage", record);
  const find = (name: string): Asker => {
    const found = askers.find((one) => one.name === name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found;
  };
  await must(find("own").credential, "POST", "/usage", { ...record, id: "own-record" });
  return { server, acme: acme.id, askers, asker: find, outside, elsewhere, close: () => server.close() };
}
