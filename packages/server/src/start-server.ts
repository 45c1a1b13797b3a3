import { type Composition, compose } from "./compose.ts";
import type { Config } from "./config.ts";
import { createLogger } from "./http/request-log.ts";

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  /** The administrator key that this start made or was given; undefined where the database had its keys already. */
  readonly adminKey: string | undefined;
  readonly composition: Composition;
  close(): Promise<void>;
}

/** What keeps a server from starting that is nobody's defect: one sentence for the person who started it. */
export class StartError extends Error {
  readonly reason: "address" | "database";

  constructor(reason: StartError["reason"], message: string, cause: unknown) {
    super(message, { cause });
    this.name = "StartError";
    this.reason = reason;
  }
}

/** Composes a server and listens where the configuration says. Throws `StartError` with one sentence where it cannot. */
export async function startServer(config: Config): Promise<RunningServer> {
  const logger = createLogger(config.logLevel);
  const composition = await compose(config, { clock: Date.now, logger }).catch((error: unknown) => {
    throw databaseProblem(config, error);
  });
  for (const notice of config.notices) logger.warn({ event: "config.unused", message: notice });
  try {
    const url = await composition.app.fastify.listen({ host: config.host, port: config.port });
    logger.info({ event: "server.listening", url });
    return {
      url,
      adminKey: composition.firstKey?.reveal() ?? config.adminKey?.reveal(),
      composition,
      close: async () => {
        await composition.close();
        logger.info({ event: "server.stopped" });
        logger.flush();
      },
    };
  } catch (error) {
    await composition.close();
    throw addressProblem(config, error);
  }
}

function databaseProblem(config: Config, error: unknown): unknown {
  const { message, code } = error as NodeJS.ErrnoException;
  const isStorage =
    /database|sqlite|disk|file|schema/i.test(message) ||
    ["EACCES", "EROFS", "ENOTDIR", "EISDIR", "ENOSPC"].includes(code ?? "");
  return isStorage
    ? new StartError("database", `The database ${config.databasePath} cannot be opened: ${message}.`, error)
    : error;
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another program; choose another port with --port or SERVER_PORT",
  EACCES: "may not be used by this user; choose a port above 1023",
  EADDRNOTAVAIL: "is not an address of this machine",
  ENOTFOUND: "is not a known host",
};

function addressProblem(config: Config, error: unknown): unknown {
  const problem = listenProblems[(error as NodeJS.ErrnoException).code ?? ""];
  return problem === undefined ? error : new StartError("address", `${config.host}:${config.port} ${problem}.`, error);
}
