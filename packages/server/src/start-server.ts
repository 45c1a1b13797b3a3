import { type Composition, compose } from "./compose.ts";
import { type Config, ConfigError } from "./config.ts";
import { exposureProblems } from "./exposure.ts";
import type { Certificate, TlsListener } from "./http/certificate.ts";
import { createLogger, type Logger } from "./http/request-log.ts";
import { DatabaseProblem } from "./store/database-problem.ts";

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  /** The administrator key that this start made or was given; undefined where the database had its keys already. */
  readonly adminKey: string | undefined;
  readonly composition: Composition;
  /** Reads certificate and key again, for connections to come; undefined where the server does not speak TLS. */
  readonly reloadCertificate: (() => void) | undefined;
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

/**
 * Composes a server and listens where the configuration says. Throws `ConfigError` where listening so would be unsafe,
 * and `StartError` with one sentence where it is impossible.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const tls = await readTls(config);
  const logger = createLogger(config.logLevel);
  const world = { clock: Date.now, logger, ...(tls === undefined ? {} : { createServer: tls.listener.createServer }) };
  const composition = await compose(config, world).catch((error: unknown) => {
    throw databaseProblem(config, error);
  });
  for (const notice of config.notices) logger.warn({ event: "config.unused", message: notice });
  try {
    const address = await composition.app.fastify.listen({ host: config.host, port: config.port });
    const url = tls === undefined ? address : address.replace(/^http:/, "https:");
    logger.info({ event: "server.listening", url });
    if (tls !== undefined) logCertificate(logger, "tls.certificate_loaded", tls.certificate);
    return {
      url,
      adminKey: composition.firstKey?.reveal() ?? config.adminKey?.reveal(),
      composition,
      reloadCertificate: tls && (() => reload(tls, logger)),
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

interface Tls {
  readonly certificate: Certificate;
  readonly listener: TlsListener;
  readonly readAgain: () => Certificate | string;
}

/** Refuses what is unsafe or cannot work before anything is made. */
async function readTls(config: Config): Promise<Tls | undefined> {
  const tls = await tlsOf(config);
  const problems = problemsOf(config, tls);
  if (typeof tls === "string" || problems.length > 0) throw new ConfigError(problems);
  return tls;
}

/** The sentences with which a server of this configuration would refuse to start, without starting one. */
export async function safetyProblems(config: Config): Promise<readonly string[]> {
  return problemsOf(config, await tlsOf(config));
}

const problemsOf = (config: Config, tls: Tls | string | undefined): readonly string[] => [
  ...exposureProblems(config),
  ...(typeof tls === "string" ? [tls] : []),
];

/** What the configuration says of TLS, or why that cannot work. Nobody loads TLS who does not use it. */
async function tlsOf({ tlsCertPath, tlsKeyPath, origins }: Config): Promise<Tls | string | undefined> {
  if (tlsCertPath === undefined || tlsKeyPath === undefined) return undefined;
  const { readCertificate, tlsListener } = await import("./http/certificate.ts");
  const readAgain = () => readCertificate(tlsCertPath, tlsKeyPath, origins);
  const certificate = readAgain();
  return typeof certificate === "string" ? certificate : { certificate, listener: tlsListener(certificate), readAgain };
}

/** A certificate that is no good must not end a server that has a good one. */
function reload({ listener, readAgain }: Tls, logger: Logger): void {
  const certificate = readAgain();
  if (typeof certificate === "string") {
    logger.error({ event: "tls.certificate_refused", message: certificate });
    return;
  }
  listener.replace(certificate);
  logCertificate(logger, "tls.certificate_reloaded", certificate);
}

function logCertificate(logger: Logger, event: string, { validUntilMs }: Certificate): void {
  const level = validUntilMs <= Date.now() ? "warn" : "info";
  logger[level]({ event, valid_until: new Date(validUntilMs).toISOString() });
}

const databaseProblem = (config: Config, error: unknown): unknown =>
  error instanceof DatabaseProblem
    ? new StartError("database", `The database ${config.database} cannot be opened: ${error.message}.`, error)
    : error;

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
