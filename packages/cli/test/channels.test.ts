/** Channels from the terminal: what lets one in comes by stdin, and a test says whether it arrived. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answering, type Receiver, startReceiver } from "../../server/src/webhooks/receiver-fixture.ts";
import { type Started, workplace } from "./cost-ops.ts";

const place = workplace();
let server: Started;
let remote: { readonly env: Record<string, string> };
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver((response, _at, request) => {
    answering(request.url === "/broken" ? 500 : 200)(response);
  });
  const allowed = { WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1" };
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"], { env: allowed });
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { env: { COST_OPS_API_URL: url, COST_OPS_API_KEY: key } };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  await receiver.close();
  place.remove();
});

const channels = (args: readonly string[], input?: string) =>
  place.run(["channels", ...args], { ...remote, ...(input === undefined ? {} : { input }) });

describe("channels", () => {
  test("are made with what lets one in from stdin, listed without it, tried and deleted", async () => {
    const made = await channels(["create", "--name", "chat", "--kind", "slack"], `${receiver.url}\n`);
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining("Channel chat is made.")]);
    const listed = await channels(["list", "-o", "json"]);
    expect(JSON.parse(listed.stdout).data).toMatchObject([{ name: "chat", kind: "slack", status: "active" }]);
    expect(listed.stdout).not.toContain("/hook");
    expect((await channels(["list"])).stdout).toMatch(/chat +│? *slack/);
    const tried = await channels(["test", "chat"]);
    expect([tried.code, tried.stdout]).toEqual([0, expect.stringMatching(/^The test arrived at chat in \d+ ms\.\n$/)]);
    expect(receiver.received.at(-1)?.body).toContain("Test of the channel chat");
    expect((await channels(["delete", "chat"])).code).toBe(0);
    expect(await channels(["test", "chat"])).toMatchObject({ code: 4, stderr: "There is no channel chat.\n" });
  });

  test("that do not answer well are said so, with what they answered", async () => {
    const url = receiver.url.replace("/hook", "/broken");
    const made = await channels(["create", "--name", "broken", "--kind", "webhook", "--url", url]);
    expect(made.stdout).toMatch(/signed with whsec_\S+, which is not shown again/);
    const tried = await channels(["test", "broken"]);
    expect(tried).toMatchObject({ code: 1, stdout: "500\n" });
    expect(tried.stderr).toBe("The test did not arrive at broken. It is tried again, for three days.\n");
  });

  test.each([
    [["--kind", "email", "--smtp-user", "u"], "--smtp-host"],
    [["--kind", "email", "--smtp-host", "m.example"], "--smtp-from"],
    [["--kind", "slack", "--to", "a@b.c"], "--to and --smtp-"],
    [["--kind", "webhook"], "--url"],
    [["--kind", "pager"], "pager"],
  ])("are refused with %j before anything is asked", async (flags, problem) => {
    const outcome = await channels(["create", "--name", "x", ...flags], "");
    expect([outcome.code, outcome.stderr]).toEqual([2, expect.stringContaining(problem)]);
  });

  test("of e-mail need a mail server somewhere", async () => {
    const outcome = await channels(["create", "--name", "mail", "--kind", "email", "--to", "a@b.c"]);
    const lacks = "--smtp-host must name a mail server: this server has none of its own (SMTP_HOST).\n";
    expect([outcome.code, outcome.stderr]).toEqual([2, lacks]);
  });
});
