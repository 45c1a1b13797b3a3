/** Members and their roles from the terminal: real processes, a real server. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
const password = "a quiet harbour at dawn";
let server: Started;
let env: Record<string, string>;
let administrator: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  env = { COST_OPS_API_URL: url };
  administrator = { ...env, COST_OPS_API_KEY: key };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const administer = (...args: string[]) => place.run(args, { env: administrator });
const invite = async (email: string): Promise<string> => {
  const invited = await administer("users", "invite", "--email", email, "--role", "viewer", "--scope", "project:web");
  expect(invited.stderr).toContain("cost-ops auth accept-invitation");
  return invited.stdout.trim();
};

test("an invitation is made, accepted and used from the terminal, once", async () => {
  const input = `${await invite("ada@example.com")}\n${password}\n`;
  expect(await place.run(["auth", "accept-invitation", "--name", "Ada"], { env, input })).toEqual({
    code: 0,
    stdout: "ada@example.com is a member of organization default.\n",
    stderr: "Next: cost-ops auth login --email ada@example.com\n",
  });
  const again = await place.run(["auth", "accept-invitation"], { env, input });
  expect(again).toMatchObject({ code: 4, stderr: expect.stringContaining("no open invitation with this token") });
  await place.ok(["auth", "login", "--email", "ada@example.com"], { env, input: `${password}\n` });
  expect(await place.ok(["auth", "whoami"], { env })).toContain("ada@example.com, organization default");
  const refused = await place.run(["auth", "accept-invitation"], { input });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("needs a server") });
});

test("roles are given, taken away and told; whoever is meant is named by e-mail address", async () => {
  const ada = ["--email", "Ada@example.com"];
  const given = await administer("users", "assign-role", ...ada, "--role", "developer");
  expect(given.stdout).toBe("ada@example.com: developer at organization:default, viewer at project:web\n");
  const taken = await administer("users", "remove-role", ...ada, "--scope", "project:web");
  expect(taken.stdout).toBe("ada@example.com: developer at organization:default\n");
  expect(await administer("users", "remove-role", ...ada)).toMatchObject({
    code: 0,
    stdout: "ada@example.com: no role\n",
  });
  for (const args of [
    ["users", "assign-role", "--email", "eve@example.com", "--role", "viewer"],
    ["users", "remove-role", "--email", "eve@example.com"],
    ["users", "remove", "eve@example.com", "--yes"],
  ]) {
    const refused = await administer(...args);
    expect(refused).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(/no member/) });
  }
});

test("a member is removed by e-mail address", async () => {
  const removed = await administer("users", "remove", "ADA@example.com", "--yes");
  expect(removed).toMatchObject({ code: 0, stdout: "ada@example.com is removed.\n" });
  expect((await administer("users", "list")).stdout).not.toContain("ada@example.com");
});

test("a rotated key says how long the old one works, and a wrong expiry names the flag", async () => {
  await administer("auth", "create-api-key", "--name", "app", "--scope", "usage:write");
  const { data } = JSON.parse(await place.ok(["auth", "list-api-keys", "-o", "json"], { env: administrator }));
  const { id } = data.find(({ name }: { name: string }) => name === "app");
  const rotated = await administer("auth", "rotate-api-key", id, "--overlap", "60");
  expect(rotated.stderr).toContain(`the old one, ${id}, goes on working for 60 seconds.`);
  const wrong = await administer("auth", "create-api-key", "--name", "late", "--expires", "2020-01-01");
  expect(wrong).toMatchObject({ code: 2, stderr: "--expires must be an instant in the future.\n" });
});
