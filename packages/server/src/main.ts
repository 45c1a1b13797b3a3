import { ConfigError, loadConfig } from "./config.ts";
import { StartError, startServer } from "./start-server.ts";

/** Runs the server as a process of its own until it is told to stop. Flags are the CLI's business. */
try {
  const server = await startServer(loadConfig());
  process.stdout.write(`LLM Cost Ops listens on ${server.url}\n`);
  if (server.composition.firstKey !== undefined) {
    process.stdout.write(`Administrator key, shown this once: ${server.composition.firstKey.reveal()}\n`);
  }
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    void server.close().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StartError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
