import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { startServer } from "../start-server.ts";
import { makeCertificate } from "./certificate-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-tls-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("within the process a server of TLS is asked like every other, while its port answers TLS only", async () => {
  const { cert, key } = makeCertificate("localhost");
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
  const environment = { TLS_CERT_PATH: "cert.pem", TLS_KEY_PATH: "key.pem", SERVER_PORT: "0", LOG_LEVEL: "silent" };
  const server = await startServer(loadConfig({ environment, workingFolder: folder, homeFolder: folder }));
  try {
    const { fetch: localFetch, apiKey } = server.composition.local();
    const headers = { authorization: `Bearer ${apiKey}` };
    expect((await localFetch("http://in-process/api/v1/api-keys", { headers })).status).toBe(200);
    await expect(fetch(`${server.url.replace("https:", "http:")}/ready`)).rejects.toThrow();
    const { keepAliveTimeout, requestTimeout } = server.composition.app.fastify.server;
    expect([keepAliveTimeout, requestTimeout]).toEqual([72_000, 0]);
  } finally {
    await server.close();
  }
});
