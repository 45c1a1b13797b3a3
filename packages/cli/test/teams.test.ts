/** Teams, and passwords that somebody forgot, from the terminal. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
const password = "a quiet harbour at dawn";
const next = "another harbour at dusk";
const email = "ada@example.com";
let server: Started;
let env: Record<string, string>;
let administrator: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  env = { COST_OPS_API_URL: url };
  administrator = { ...env, COST_OPS_API_KEY: key };
  await administer("auth", "create-user", "--email", email);
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const administer = (...args: string[]) => place.run(args, { env: administrator, input: `${password}\n` });
const login = (given: string) => place.run(["auth", "login", "--email", email], { env, input: `${given}\n` });

test("a team is made, renamed, filled, emptied and deleted", async () => {
  const made = await administer(
    "teams",
    "create",
    "Platform Team",
    "--project",
    "web,api",
    "--member",
    "ADA@example.com",
  );
  expect(made).toMatchObject({ code: 0, stdout: "platform-team: 2 projects, 1 member\n" });
  expect((await administer("teams", "members", "platform-team")).stdout).toContain(email);
  const less = await administer("teams", "remove-member", "platform-team", email);
  expect(less).toMatchObject({ code: 0, stdout: "platform-team: 2 projects, 0 members\n" });
  expect((await administer("teams", "members", "platform-team")).stderr).toContain("No members.");
  expect((await administer("teams", "add-member", "platform-team", email)).stdout).toContain("1 member");
  expect((await administer("teams", "add-project", "platform-team", "jobs", "web")).stdout).toContain("3 projects");
  expect((await administer("teams", "remove-project", "platform-team", "api")).stdout).toContain("2 projects");
  expect((await administer("teams", "rename", "platform-team", "Platform")).code).toBe(0);
  const { data } = JSON.parse((await administer("teams", "list", "-o", "json")).stdout);
  expect(data).toMatchObject([{ slug: "platform-team", name: "Platform", projects: ["jobs", "web"] }]);
  const nobody = await administer("teams", "add-member", "platform-team", "eve@example.com");
  expect(nobody).toMatchObject({ code: 4, stderr: expect.stringMatching(/no member/) });
  expect((await administer("teams", "delete", "platform-team")).code).toBe(0);
  expect((await administer("teams", "list")).stderr).toContain("No teams.");
});

test("a team is no dimension to group by, and says which there are", async () => {
  const grouped = await administer("query", "--range", "last-7-days", "--group-by", "team");
  expect(grouped).toMatchObject({ code: 2, stderr: expect.stringContaining("--group-by") });
});

test("a password is reset with a token that an administrator hands over, once", async () => {
  const handed = await administer("users", "reset-password", email);
  expect(handed).toMatchObject({ code: 0, stderr: expect.stringContaining("cost-ops auth reset-password") });
  const reset = (token: string, given: string) =>
    place.run(["auth", "reset-password"], { env, input: `${token}\n${given}\n` });
  expect(await reset(handed.stdout.trim(), "Password2024!")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^The new password is one of the most common/),
  });
  expect((await reset(handed.stdout.trim(), next)).code).toBe(0);
  expect((await reset(handed.stdout.trim(), password)).code).toBe(4);
  expect([(await login(password)).code, (await login(next)).code]).toEqual([3, 0]);
  const unsent = await place.run(["auth", "forgot-password", "--email", email], { env });
  expect(unsent).toMatchObject({ code: 1, stderr: expect.stringContaining("sends no mail") });
});

test("whoever is locked out is let in on the database itself, and never over a server", async () => {
  const recover = (who: string, given: string, more: Record<string, string> = {}) =>
    place.run(["auth", "recover", "--email", who], { env: more, input: `${given}\n` });
  expect(await recover(email, password, env)).toMatchObject({ code: 2, stderr: expect.stringContaining("--api-url") });
  expect((await recover("eve@example.com", password)).code).toBe(4);
  expect(await recover(email, "Password2024!")).toMatchObject({ code: 2, stderr: expect.stringContaining("common") });
  expect(await recover(email, password)).toMatchObject({ code: 0, stdout: `${email} has a new password.\n` });
  expect((await login(password)).code).toBe(0);
  const trail = await administer("audit", "list", "--action", "users.recover", "-o", "json");
  expect(JSON.parse(trail.stdout).data).toMatchObject([{ actor_kind: "command", resource_type: "user" }]);
});
