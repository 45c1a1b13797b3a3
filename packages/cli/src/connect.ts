import { existsSync, readFileSync } from "node:fs";
import { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Composition } from "@llm-cost-ops/server";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { configSources, serverAddress } from "./local-config.ts";
import { withSession } from "./sign-in/session-access.ts";
import { StoredSessions, sessionAddress, sessionsPath } from "./sign-in/stored-sessions.ts";
import { printable } from "./terminal/printable.ts";

interface ConnectParts extends Pick<Invocation, "options" | "environment" | "signal" | "onEnd"> {
  readonly database: "must exist" | "may be created";
}

/** A client of the server at the given address, or of one that is composed in this process for the local database. */
export async function connect(parts: ConnectParts): Promise<CostOpsClient> {
  const address = serverAddress(parts);
  return address === undefined ? connectLocally(parts) : connectOver(address, parts);
}

function connectOver(address: string, { options, environment, signal }: ConnectParts): CostOpsClient {
  const apiKey = options.apiKey ?? environment.apiKey ?? keyFrom(environment.apiKeyFile);
  try {
    if (apiKey === undefined) return connectWithSession(address, { environment, signal });
    return new CostOpsClient({ baseURL: address, apiKey, signal });
  } catch (error) {
    const flag = messageOf(error)
      .replace(/^baseURL\b/, "--api-url")
      .replace(/^apiKey\b/, "--api-key");
    throw new CommandError(`${flag}.`, exitCodes.usage);
  }
}

/** A client that asks as whoever signed in to the server with `auth login`; as nobody where nobody has. */
export function connectWithSession(
  address: string,
  { environment, signal }: Pick<Invocation, "environment" | "signal">,
): CostOpsClient {
  const stored = new StoredSessions(sessionsPath(environment.all));
  const middleware = [withSession(stored, sessionAddress(address) ?? address, signal)];
  return new CostOpsClient({ baseURL: address, signal, middleware });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function keyFrom(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`COST_OPS_API_KEY_FILE: ${printable(path)} cannot be read (${code}).`, exitCodes.usage);
  }
}

/** A client of the whole server, composed for one command: the same routes over real HTTP in memory. */
async function connectLocally(parts: ConnectParts): Promise<CostOpsClient> {
  const { fetch, apiKey } = (await composeLocally(parts)).local();
  // A question may take as long as it takes: nobody else waits, and Ctrl-C ends it.
  return new CostOpsClient({
    baseURL: "http://in-process",
    apiKey,
    fetch,
    signal: parts.signal,
    timeout: 0,
    maxRetries: 0,
  });
}

/**
 * The server for the length of one command, on the database of the configuration.
 * @throws CommandError where the database is missing or cannot be opened.
 */
export async function composeLocally(parts: Omit<ConnectParts, "signal">): Promise<Composition> {
  const [{ composeBriefly }, { loadConfig }] = await Promise.all([
    import("@llm-cost-ops/server/brief"),
    import("@llm-cost-ops/server/config"),
  ]);
  const config = loadConfig(configSources(parts));
  const { database } = config;
  if (parts.database === "must exist" && database.store === "sqlite" && !existsSync(database.path)) {
    throw new CommandError(
      `There is no database at ${printable(String(database))}. Make one with cost-ops init, or name one with --database.`,
      exitCodes.database,
    );
  }
  const composition = await composeBriefly(config).catch((error: unknown) => {
    const why = printable(messageOf(error));
    throw new CommandError(`The database ${printable(String(database))} cannot be opened: ${why}.`, exitCodes.database);
  });
  parts.onEnd(() => composition.close());
  return composition;
}
