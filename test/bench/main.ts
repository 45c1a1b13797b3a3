/**
 * Every figure that the project states, each beside a floor of the same run. Figures depend on the machine: compare ratios.
 * `npm run bench` takes about half an hour; `npm run bench -- http` runs one part; the size of the question bench in
 * records can be given with `questions 10000000`, how many rounds budgets have to hold with `rounds 100`, and the size of the
 * ledger behind the dashboard with `dashboard 300000`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const parts: Readonly<Record<string, { readonly file: string; readonly about: string }>> = {
  ingest: { file: "ingest.ts", about: "Ledger appends, without HTTP" },
  postgres: { file: "ingest-postgres.ts", about: "Ledger appends on PostgreSQL, without HTTP" },
  "postgres-http": { file: "http-postgres.ts", about: "Durable ingest over HTTP into PostgreSQL, one server and two" },
  full: { file: "full-ledger.ts", about: "Appends to a ledger of ten million records" },
  http: { file: "http.ts", about: "Durable ingest over HTTP, and the server's memory" },
  import: { file: "import.ts", about: "Import of a JSONL file through the command line" },
  questions: { file: "queries.ts", about: "Questions to a ledger of a million records, on both stores" },
  authentication: { file: "authentication.ts", about: "What checking a credential costs, on both stores" },
  reservations: { file: "reservations.ts", about: "Reservations of budgets, and how soon a reached threshold is told" },
  rounds: {
    file: "reservation-rounds.ts",
    about: "Whether budgets hold: 1,000 rounds of 200 reservations at once on each store",
  },
  dashboard: { file: "dashboard.ts", about: "What somebody with a browser waits for, on both stores" },
  commands: { file: "command-line.ts", about: "How long a command takes, its start included" },
};

const [wanted, ...args] = process.argv.slice(2);
if (wanted !== undefined && !Object.hasOwn(parts, wanted)) {
  process.stderr.write(`There is no part ${wanted}: ${Object.keys(parts).join(", ")}.\n`);
  process.exit(2);
}
let failed = 0;
for (const [name, { file, about }] of Object.entries(parts)) {
  if (wanted !== undefined && wanted !== name) continue;
  process.stdout.write(`\n${about}\n\n`);
  const { status } = spawnSync(
    process.execPath,
    ["--conditions=source", fileURLToPath(new URL(file, import.meta.url)), ...args],
    { stdio: "inherit" },
  );
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
