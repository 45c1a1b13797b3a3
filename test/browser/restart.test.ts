/** A server that is killed and started again on its port while somebody works in the dashboard. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CostOpsClient } from "@llm-cost-ops/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { closeBrowser, email, password, walk } from "./dashboard-fixture.ts";

const main = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));
const folder = temporaryFolder();
const adminKey = `sk_test_${"k".repeat(43)}`;
const server = { url: "" };
let child: ChildProcess | undefined;

/** On the port of before, where there was one. */
async function start(): Promise<void> {
  const started = spawn(process.execPath, ["--conditions=source", main], {
    cwd: folder.path,
    env: {
      ...{ PATH: process.env["PATH"] ?? "", HOME: folder.path, LOG_LEVEL: "error", COST_OPS_ADMIN_KEY: adminKey },
      ...{
        DATABASE_URL: `sqlite://${join(folder.path, "costs.db")}`,
        SERVER_PORT: server.url.split(":").at(-1) || "0",
      },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  server.url = await new Promise<string>((resolve, reject) => {
    let out = "";
    started.once("exit", () => reject(new Error(`the server ended: ${out}`)));
    started.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const listening = /listens on (\S+)/.exec(out)?.[1];
      if (listening !== undefined) resolve(listening);
    });
  });
}

async function kill(): Promise<void> {
  const killed = child;
  if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return;
  const ended = new Promise((resolve) => killed.once("exit", resolve));
  killed.kill("SIGKILL");
  await ended;
}

let client: CostOpsClient;
const call = { provider: "openai", model: "gpt-4o", inputTokens: 1_000_000, outputTokens: 0 };

beforeAll(async () => {
  await start();
  client = new CostOpsClient({ apiKey: adminKey, baseURL: server.url });
  await client.users.create({ email, password, role: "admin" });
  await client.usage.create(call);
});
afterAll(async () => {
  await closeBrowser();
  await kill();
  folder.remove();
});

/** What a browser says of a server that is not there, and axe of a sheet that did not come from it. */
const refused =
  /ERR_CONNECTION|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_SOCKET|Couldn't load preload assets/;
const away = "The server does not answer";

test("what was typed outlives a server that is killed, and is saved in the same session once it is back", async () => {
  await walk(
    server,
    {},
    async ({ page, signIn, settled, accessible }) => {
      await signIn("/budgets/new");
      await page.getByRole("textbox", { name: "Name" }).fill("Written before the fall");
      await page.getByRole("textbox", { name: "Description" }).fill("Nothing of this may go.");
      await kill();
      await page.getByRole("textbox", { name: "Amount" }).fill("12.5");
      // The preview of it is asked for.
      await page.getByRole("combobox", { name: "Period" }).click();
      await page.getByRole("option", { name: "Each day" }).click();
      await page.getByText(away).waitFor();
      await accessible();
      // However far down somebody is.
      await page.getByRole("button", { name: "Make the budget" }).scrollIntoViewIfNeeded();
      expect((await page.getByText(away).boundingBox())?.y).toBeGreaterThan(0);
      // Sent while nobody listens: it says so, and keeps what was typed.
      await page.getByRole("button", { name: "Make the budget" }).click();
      await page.getByText("The server cannot be reached at the moment.").last().waitFor();
      expect(await page.getByRole("textbox", { name: "Description" }).inputValue()).toBe("Nothing of this may go.");

      await start();
      await page.getByText(away).waitFor({ state: "detached" });
      expect(await page.getByRole("textbox", { name: "Name" }).inputValue()).toBe("Written before the fall");
      expect(await page.getByRole("textbox", { name: "Amount" }).inputValue()).toBe("12.5");
      await page.getByRole("button", { name: "Make the budget" }).click();
      await page.getByRole("heading", { name: "Written before the fall" }).waitFor();
      await settled();
      await page.reload();
      await page.getByRole("heading", { name: "Written before the fall" }).waitFor();
      expect((await client.budgets.list()).map(({ name }) => name)).toEqual(["Written before the fall"]);
    },
    refused,
  );
});

test("a page that is gone to while the server is away comes with it, and the stream goes on", async () => {
  await walk(
    server,
    // Whose browser has none of the modules that are asked for while nobody answers.
    { scheme: "dark", isNew: true },
    async ({ page, signIn, settled, accessible }) => {
      await signIn("/stream");
      await page.getByText("live", { exact: true }).waitFor();
      await kill();
      await page.getByText("connection lost, trying again").waitFor();
      // Neither the module of this page nor what it shows is here yet.
      await page.getByRole("link", { name: "Overview" }).click();
      await page.getByText(away).waitFor();
      await accessible();
      await start();
      await page.getByText(away).waitFor({ state: "detached" });
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await page.locator("[data-chart=drawn]").waitFor();
      await settled();
      await page.getByRole("region", { name: "Requests" }).getByText("1", { exact: true }).waitFor();

      // Nor is the module of a part of this page.
      const chart = page.locator("section.panel").filter({ has: page.locator("[data-chart=drawn]") });
      await kill();
      await chart.getByText("Table", { exact: true }).click();
      await page.getByText(away).waitFor();
      await start();
      await page.getByText(away).waitFor({ state: "detached" });
      await chart.getByText("Table", { exact: true }).click();
      await page.locator("section.panel table").getByText("gpt-4o").first().waitFor();

      await page.getByRole("link", { name: "Live" }).click();
      await page.getByText("live", { exact: true }).waitFor();
      const calls = page.getByRole("region", { name: "Calls, newest first" }).locator("tbody tr");
      await calls.first().getByText("gpt-4o").waitFor();
      await kill();
      await page.getByText("connection lost, trying again").waitFor();
      await start();
      await page.getByText(/reconnected .* nothing missed/).waitFor();
      await client.usage.create({ ...call, model: "gpt-4o-mini" });
      await calls.first().getByText("gpt-4o-mini").waitFor();
      expect(await calls.count()).toBe(2);
    },
    refused,
  );
});
