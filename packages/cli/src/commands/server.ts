import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation, Run } from "../invocation.ts";
import { configSources } from "../local-config.ts";
import { writeRecord } from "../terminal/output.ts";

export function define(command: Command, run: Run): void {
  command
    .option("--host <address>", "address to listen on (127.0.0.1)")
    .option("--port <port>", "port to listen on; 0 takes any free one (8080)")
    .option("--log-level <level>", "trace, debug, info, warn, error, fatal or silent (info)")
    .addHelpText("after", "\nOther settings: cost-ops config show. Ctrl-C lets requests under way end, then stops.")
    .action(
      run<{ host?: string; port?: string; logLevel?: string }>(async (cli, { host, port, logLevel }) => {
        const { loadConfig, startServer, StartError } = await import("@llm-cost-ops/server");
        const config = loadConfig(configSources(cli, { host, port, "log-level": logLevel }));
        const server = await startServer(config).catch((error: unknown) => {
          if (!(error instanceof StartError)) throw error;
          throw new CommandError(error.message, error.reason === "database" ? exitCodes.database : exitCodes.error);
        });
        cli.onEnd(() => server.close());
        if (server.reloadCertificate !== undefined) process.on("SIGHUP", server.reloadCertificate);
        const { terminal } = cli;
        const firstKey = server.composition.firstKey?.reveal() ?? null;
        await writeRecord(terminal, { url: server.url, database: String(config.database), api_key: firstKey }, () =>
          [
            `LLM Cost Ops listens on ${terminal.paint.bold(server.url)} (${server.url}/docs describes the interface)`,
            ...(firstKey === null ? [] : [`Administrator key, shown this once: ${terminal.paint.bold(firstKey)}`]),
          ].join("\n"),
        );
        await interrupted(cli.signal);
        terminal.talk("Stopping …");
      }),
    );
}

/** Resolves when Ctrl-C was pressed: the ordinary end of what runs until then. */
export function interrupted(signal: Invocation["signal"]): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
