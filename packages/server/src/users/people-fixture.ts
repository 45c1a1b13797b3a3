import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Readonly<Record<string, never>> & { readonly id: string };
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly field_errors?: Readonly<Record<string, string>>;
  };
}

/** What is given to who signed in. */
export interface TokensOnWire {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly session: { readonly id: string; readonly organization_id: string; readonly expires_at: string };
}

/** A real server whose clock can be put forward, and what people do with it. */
export interface PeopleServer {
  readonly url: string;
  readonly adminKey: string;
  readonly folder: ReturnType<typeof temporaryFolder>;
  readonly server: Composition;
  readonly clock: { aheadMs: number };
  ask(credential: string | undefined, method: string, path: string, body?: unknown): Promise<Answer>;
  makeUser(email: string, password: string, role?: string): Promise<string>;
  login(email: string, password: string, code?: string): Promise<TokensOnWire>;
  /** The status of a question that every member may ask. */
  statusOf(credential: string): Promise<number>;
  /** Everything that lies in the folder of the database. */
  databaseBytes(): Buffer;
  /** Another process on the same database, until the end of the test. */
  another(): Promise<PeopleServer>;
  close(): Promise<void>;
}

export async function startPeopleServer(
  environment: Readonly<Record<string, string>> = {},
  folder = temporaryFolder(),
): Promise<PeopleServer> {
  const config = loadConfig({
    environment: { RATE_LIMIT_FAILED_AUTH: "100000", ...environment },
    workingFolder: folder.path,
    homeFolder: folder.path,
  });
  const clock = { aheadMs: 0 };
  const server = await compose(config, { clock: () => Date.now() + clock.aheadMs, logger: createLogger("silent") });
  const url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  const others: PeopleServer[] = [];
  const ask: PeopleServer["ask"] = async (credential, method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === "" ? {} : (JSON.parse(text) as Pick<Answer, "data" | "error">);
    return { status: response.status, headers: response.headers, text, ...parsed } as Answer;
  };
  const must = (answer: Answer): Answer => {
    if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`);
    return answer;
  };
  const adminKey = server.firstKey?.reveal() ?? "";
  return {
    url,
    adminKey,
    folder,
    server,
    clock,
    ask,
    makeUser: async (email, password, role = "admin") =>
      must(await ask(adminKey, "POST", "/users", { email, password, role })).data.id,
    login: async (email, password, code) =>
      must(await ask(undefined, "POST", "/auth/login", { email, password, code })).data as unknown as TokensOnWire,
    statusOf: async (credential) => (await ask(credential, "GET", "/costs/summary")).status,
    databaseBytes: () =>
      Buffer.concat(
        readdirSync(folder.path)
          .filter((name) => name.includes(".db"))
          .map((name) => readFileSync(join(folder.path, name))),
      ),
    another: async () => {
      const made = await startPeopleServer(environment, folder);
      others.push(made);
      return made;
    },
    close: async () => {
      for (const other of others) await other.server.close();
      await server.close();
      folder.remove();
    },
  };
}
