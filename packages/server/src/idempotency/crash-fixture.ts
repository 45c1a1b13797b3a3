import { once as event } from "node:events";
import { permissions } from "@llm-cost-ops/contract";
import { loadConfig } from "../config.ts";
import { listen } from "../http/app-fixture.ts";
import { openStore } from "../open-store.ts";
import { usageRoutes } from "../usage/routes.ts";
import { storedAttempts } from "./idempotency.sql.ts";
import { createOnce } from "./once.ts";

/** Serves a database, records what it is sent, says so on stdout and never answers, until it is killed. */
const [url = ""] = process.argv.slice(2);
const opened = await openStore(loadConfig({ environment: { DATABASE_URL: url } }));
const usage = usageRoutes(opened);
const record = usage["usage.create"]?.handle as (request: unknown) => Promise<unknown>;

const never = async (): Promise<never> => {
  process.stdout.write("working\n");
  await event(process, "never");
  throw new Error("unreachable");
};
const app = await listen(
  {
    "usage.create": { body: "bytes", handle: async (request) => record(request).then(never) },
    "providers.create": { body: "json", handle: never },
  },
  {
    authenticator: {
      authenticate: () => ({
        organizationId: "default",
        principal: { kind: "key", id: "key_1", name: "key" },
        permissions: new Set(permissions),
      }),
    },
    once: createOnce({ attempts: storedAttempts(opened.store), clock: Date.now }),
  },
);
process.stdout.write(`${app.url}\n`);
