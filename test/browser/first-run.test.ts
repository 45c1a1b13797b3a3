/** From nothing to the first recorded cost, in each of the ways that the page offers. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeBrowser, type DashboardServer, startDashboardServer, walk } from "./dashboard-fixture.ts";

const run = promisify(execFile);
let server: DashboardServer;
beforeAll(async () => {
  server = await startDashboardServer({ days: 0 });
});
afterAll(async () => {
  await closeBrowser();
  await server.close();
});

test("a trace of other years that names no model is recorded as what is said for it, and is found", async () => {
  await walk(server, {}, async ({ page, signIn, settled, accessible }) => {
    await signIn();
    await page.getByRole("heading", { name: "Welcome" }).waitFor();
    await page.getByRole("link", { name: "Record usage" }).click();
    await page.getByRole("tab", { name: "Upload a file" }).click();
    const lines = ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:15:46.6805900,1000000,0"];
    const file = { name: "trace.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText("Line 2: model: is required", { exact: true }).waitFor();
    await page.getByLabel("Provider").fill("openai");
    await page.getByLabel("Model").fill("gpt-4");
    await page.getByLabel("Project").fill("trace");
    await accessible();
    await page.locator("input[type=file]").setInputFiles([]);
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText("1 recorded.", { exact: true }).waitFor();
    const arrivals = page.getByRole("region", { name: "Arriving now" });
    // A million tokens at $30.
    await arrivals.getByText("$30.00", { exact: true }).waitFor();
    await arrivals.getByText("openai, trace,").waitFor();
    // At once, though the page was told a moment ago that there is nothing.
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("The latest calls are of November 2023.").waitFor();
    await settled();
    await accessible();
    await page.getByRole("button", { name: "Show that month" }).click();
    await page.waitForURL("**/?period=2023-11-01..2023-11-30");
    await page
      .getByRole("region", { name: /^Spend, 1 Nov – 30 Nov/ })
      .getByText("$30.00")
      .waitFor();
    expect(await page.getByText("The latest calls are of").count()).toBe(0);
    await page.goto("/explore?as=line");
    await page.getByRole("heading", { name: "No record matches" }).waitFor();
    await accessible();
    await page.getByRole("button", { name: "Show that month" }).click();
    await page.waitForURL("**/explore?as=line&period=2023-11-01..2023-11-30");
    await page.getByLabel("Totals").getByText("$30.00").first().waitFor();
  });
});

test("a file is uploaded, twice records nothing twice, and says what is wrong with a line", async () => {
  await walk(server, {}, async ({ page, signIn, accessible }) => {
    await signIn("/start");
    await page.getByRole("tab", { name: "Upload a file" }).click();
    const occurred_at = new Date().toISOString();
    const lines = [
      {
        id: "u1",
        provider: "openai",
        model: "gpt-4o-mini",
        occurred_at,
        usage: { prompt_tokens: 1_000_000, completion_tokens: 0 },
      },
      {
        id: "u2",
        provider: "openai",
        model: "gpt-4o",
        occurred_at,
        usage: { prompt_tokens: 1_000_000, completion_tokens: 0 },
      },
      { id: "u3", provider: "openai", occurred_at, usage: { prompt_tokens: 5, completion_tokens: 5 } },
    ];
    const file = {
      name: "calls.jsonl",
      mimeType: "application/x-ndjson",
      buffer: Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n")),
    };
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText("2 recorded, 1 rejected.").waitFor();
    await page.getByText(/^Line 3: .*model/).waitFor();
    const arrivals = page.getByRole("region", { name: "Arriving now" });
    // A million tokens at $0.15 and at $2.50.
    await arrivals.getByText("$0.15", { exact: true }).waitFor();
    await arrivals.getByText("$2.50", { exact: true }).waitFor();
    await accessible();
    await page.locator("input[type=file]").setInputFiles([]);
    await page.locator("input[type=file]").setInputFiles(file);
    await page.getByText(/0 recorded, 2 known already/).waitFor();
  });
});

test("the commands that are copied, with a key made for them, record calls that arrive at once", async () => {
  await walk(server, {}, async ({ page, context, signIn, accessible }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await signIn("/start");
    await page.getByRole("tab", { name: "From a program" }).click();
    expect(await page.getByLabel("curl", { exact: true }).textContent()).toContain("YOUR_API_KEY");
    await page.getByRole("button", { name: "Make a key for it and fill it in" }).click();
    await page.getByText("The key is filled in below and shown this once.").waitFor();
    await accessible();
    const copied = async (name: string): Promise<string> => {
      await page.getByRole("button", { name: `Copy ${name}` }).click();
      await page
        .getByRole("button", { name: `Copy ${name}` })
        .getByText("Copied")
        .waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    const arrivals = page.getByRole("region", { name: "Arriving now" });

    const command = await copied("curl");
    expect(command).toContain(`curl ${server.url}/api/v1/usage`);
    const { stdout } = await run("sh", ["-c", `${command} --silent --fail`]);
    expect(JSON.parse(stdout)).toMatchObject({ data: { model: "gpt-4o-mini" } });
    // 1,200 × $0.15 + 300 × $0.60 per million.
    await arrivals.getByText("$0.00036", { exact: true }).waitFor();

    const program = await copied("TypeScript");
    const answer = { model: "gpt-4o", usage: { prompt_tokens: 400_000, completion_tokens: 0, total_tokens: 400_000 } };
    await run(process.execPath, [
      "--conditions=source",
      "--input-type=module",
      "--eval",
      `${program.replace("// The", `const answer = ${JSON.stringify(answer)};\n// The`)}`,
    ]);
    await arrivals.getByText("$1.00", { exact: true }).waitFor();

    // The key may record usage and nothing else.
    const key = /Bearer (\S+)"/.exec(command)?.[1] ?? "";
    expect(await server.statusOf(key)).toBe(403);
  });
});
