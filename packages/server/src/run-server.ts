import { ConfigError, loadConfig } from "./config.ts";
import { type RunningServer, StartError, startServer } from "./start-server.ts";

/** Runs the server as a process of its own until SIGTERM or SIGINT. A second signal ends it at once. */
export async function runServer(): Promise<void> {
  let server: RunningServer;
  try {
    server = await startServer(loadConfig());
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(`LLM Cost Ops listens on ${server.url} (${server.url}/docs describes the interface)\n`);
  const firstKey = server.composition.firstKey?.reveal();
  if (firstKey !== undefined) process.stdout.write(boxed(["Administrator key, shown this once:", firstKey]));
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`The server did not stop cleanly: ${(error as Error).message}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  if (server.reloadCertificate !== undefined) process.on("SIGHUP", server.reloadCertificate);
}

function boxed(lines: readonly string[]): string {
  const width = Math.max(...lines.map((line) => line.length));
  const edge = "─".repeat(width + 2);
  const rows = lines.map((line) => `│ ${line.padEnd(width)} │`);
  return `${[`┌${edge}┐`, ...rows, `└${edge}┘`].join("\n")}\n`;
}
