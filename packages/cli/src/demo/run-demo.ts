import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Invocation } from "../invocation.ts";
import { count } from "../terminal/amounts.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type DemoFigures, figuresText, peakDay, readFigures } from "./demo-summary.ts";
import { loadSample } from "./load-sample.ts";
import { sampleUsage } from "./sample-usage.ts";

/**
 * Starts a server on a free port and an embedded database in a throw-away folder, fills it through the public interface,
 * shows what it says about itself and stays until Ctrl-C, or ends at once. The folder goes with it.
 */
export async function runDemo(
  cli: Invocation,
  options: { readonly days: number; readonly once: boolean },
): Promise<void> {
  const { terminal } = cli;
  const folder = await mkdtemp(join(tmpdir(), "cost-ops-demo-"));
  cli.onEnd(() => rm(folder, { recursive: true, force: true }));
  const { loadConfig, startServer } = await import("@llm-cost-ops/server");
  const config = loadConfig({
    environment: {},
    workingFolder: folder,
    homeFolder: folder,
    flags: { database: `sqlite:${join(folder, "demo.db")}`, port: "0", "log-level": "warn" },
  });
  const server = await startServer(config);
  cli.onEnd(() => server.close());
  const { url, adminKey = "" } = server;
  const client = new CostOpsClient({ apiKey: adminKey, baseURL: url, signal: cli.signal });

  const progress = terminal.animated ? await loadingBar(options.days) : undefined;
  const loaded = await loadSample(
    client,
    sampleUsage({ endMs: Date.now(), days: options.days }),
    cli.signal,
    (records, at) => progress?.(records, at),
  ).finally(() => progress?.(undefined, ""));
  terminal.talk(
    `Loaded ${count(loaded.records)} calls of an invented company, ${options.days} days of them, through POST /api/v1/usage/batch in ${loaded.seconds.toFixed(1)} s (${count(Math.round(loaded.records / loaded.seconds))} a second, each on disk).`,
  );
  const figures = await readFigures(client, options.days);
  terminal.data(`\n${figuresText(terminal, figures)}\n`);
  if (options.once) return;
  terminal.data(`${invitation(terminal, cli.environment.invokedAs, { url, adminKey }, figures)}\n`);
  terminal.talk("\nThe server runs until you press Ctrl-C; then everything is removed.");
  await new Promise<void>((resolve) => {
    if (cli.signal.aborted) resolve();
    else cli.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  terminal.talk("\nStopped; the demonstration's folder is removed.");
}

/** Where the server is, and three commands to paste into another terminal. */
function invitation(
  { paint }: Pick<Terminal, "paint">,
  command: string,
  server: { readonly url: string; readonly adminKey: string },
  figures: DemoFigures,
): string {
  const [unpriced] = figures.unpriced;
  const day = peakDay(figures.days);
  return [
    `${paint.bold("Server")}   ${server.url}   (open it in a browser and sign in with the key; /docs describes the interface)`,
    `${paint.bold("API key")}  ${server.adminKey}`,
    "",
    "In another terminal, in this folder:",
    paint.cyan(`export COST_OPS_API_URL=${server.url} COST_OPS_API_KEY=${server.adminKey}`),
    paint.cyan(`${command} query --from ${day} --to ${day} --group-by project,model --limit 8`),
    ...(figures.exampleId === undefined ? [] : [paint.cyan(`${command} explain ${figures.exampleId}`)]),
    ...(unpriced === undefined
      ? []
      : [
          paint.cyan(
            `${command} pricing add --provider ${unpriced["provider"]} --model ${unpriced["model"]} --input-price 0.04 --output-price 0.15`,
          ),
        ]),
  ].join("\n");
}

async function loadingBar(days: number): Promise<(records: number | undefined, lastAt: string) => void> {
  const { SingleBar } = await import("cli-progress");
  const bar = new SingleBar({
    format: "  {bar} {records} calls, up to {day}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  const endMs = Date.now();
  bar.start(days, 0, { records: "0", day: "" });
  return (records, lastAt) => {
    if (records === undefined) return bar.stop();
    const daysLeft = (endMs - Date.parse(lastAt)) / 86_400_000;
    bar.update(Math.max(0, Math.min(days, days - daysLeft)), { records: count(records), day: lastAt.slice(0, 10) });
  };
}
