import { type AddressInfo, connect, createServer, type Server } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PostgresAddress } from "../database-address.ts";
import { openStore } from "../open-store.ts";
import { type PostgresUnderTest, startPostgres } from "./postgres-fixture.ts";
import { serverRole } from "./row-security.ts";

let server: PostgresUnderTest;
const poolers: Server[] = [];
beforeAll(async () => {
  server = await startPostgres();
});
afterEach(() => {
  for (const pooler of poolers.splice(0)) pooler.close();
});
afterAll(() => server.stop());

/** The length of a start-up packet and the version of the protocol come before its names and values. */
const headBytes = 8;

const withoutOptions = (packet: Buffer): Buffer => {
  const words = packet.toString("latin1", headBytes).split("\0");
  const at = words.indexOf("options");
  const kept = Buffer.from((at < 0 ? words : words.toSpliced(at, 2)).join("\0"), "latin1");
  const head = Buffer.from(packet.subarray(0, headBytes));
  head.writeInt32BE(headBytes + kept.length);
  return Buffer.concat([head, kept]);
};

/** What PgBouncer says to `options`, as an ErrorResponse. */
const refusal = (): Buffer => {
  const body = Buffer.from("SFATAL\0C08P01\0Munsupported startup parameter: options\0\0");
  const head = Buffer.from("E0000");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** A way to the database on which start-up packets with options are refused, or lose them. */
async function pooler(url: string, way: "refuses" | "leaves out"): Promise<PostgresAddress> {
  const target = new URL(url);
  const { port, hostname } = target;
  const made = createServer((client) => {
    const there = connect(Number(port), hostname);
    for (const socket of [client, there]) socket.on("error", () => undefined);
    client.once("data", (packet: Buffer) => {
      if (way === "refuses" && packet.includes("\0options\0")) return client.end(refusal());
      there.write(withoutOptions(packet));
      client.pipe(there);
    });
    there.pipe(client);
    client.on("close", () => there.destroy());
  });
  poolers.push(made);
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  target.port = String((made.address() as AddressInfo).port);
  return new PostgresAddress(target.href);
}

test.each(["refuses", "leaves out"] as const)("a way that %s what a session begins with is refused", async (way) => {
  const database = await pooler(await server.databaseWithSchema(), way);
  await expect(openStore({ database, databasePoolSize: 8 })).rejects.toThrow(/a pooler on the way does not pass on/);
});

test("a way that leaves it out works for a user to whom the database gives it", async () => {
  const url = new URL(await server.databaseWithSchema());
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(
    `CREATE ROLE pooled LOGIN PASSWORD 'pooled' IN ROLE ${serverRole}; ALTER ROLE pooled SET role = '${serverRole}';
     ALTER ROLE pooled SET statement_timeout = '60s'`,
  );
  await client.end();
  url.username = "pooled";
  url.password = "pooled";
  const store = await openStore({ database: await pooler(url.href, "leaves out"), databasePoolSize: 8 });
  expect(await store.problem()).toBeUndefined();
  await store.close();
});
