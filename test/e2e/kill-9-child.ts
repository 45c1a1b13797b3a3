import { startSqliteThreads } from "../../packages/server/src/sqlite/threads.ts";
import { createSqliteLedger } from "../../packages/server/src/usage/ledger.sqlite.ts";

/** Writes as fast as it can until it is killed, and tells each id on stdout once the ledger has acknowledged it. */
const [file = "", round = ""] = process.argv.slice(2);
const ledger = createSqliteLedger(await startSqliteThreads({ path: file }));

const eventOf = (id: string) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  user_id: `user-${id.length % 3}`,
  input_tokens: 1_000,
  output_tokens: 10,
  occurred_at: "2026-01-15T10:00:00Z",
  tags: { round },
});

async function append(ids: readonly string[]): Promise<void> {
  const items = await ledger.append("default", {
    shape: "batch",
    entry: "usage",
    source: "api",
    requirePrice: false,
    bytes: new TextEncoder().encode(JSON.stringify(ids.map(eventOf))),
  });
  const known = items.flatMap(({ status, id }) => (status === "rejected" || id === null ? [] : [id]));
  process.stdout.write(`${known.join("\n")}\n`);
}

/** Each writer sends bodies of its own size, and every third body a second time, as a client would after a timeout. */
async function writeForEver(writer: number, size: number): Promise<never> {
  for (let body = 0; ; body += 1) {
    const ids = Array.from({ length: size }, (_, at) => `round-${round}-writer-${writer}-body-${body}-${at}`);
    await append(ids);
    if (body % 3 === 0) await append(ids);
  }
}

process.stdout.write("started\n");
await Promise.all([1, 1, 7, 50, 300].map((size, writer) => writeForEver(writer, size)));
