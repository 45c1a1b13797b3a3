import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { median, printFigure } from "./figures.ts";
import { fillLedger } from "./query-ledger.ts";

const records = Number(process.argv[2] ?? 1_000_000);
const commandLine = fileURLToPath(new URL("../../packages/cli/bin/cost-ops.mjs", import.meta.url));

/** Seconds that a process of these arguments takes, the middle of seven. */
function seconds(args: readonly string[]): number {
  const run = (): number => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
    return (performance.now() - startedAt) / 1_000;
  };
  run();
  return median(Array.from({ length: 7 }, run));
}

const folder = temporaryFolder();
try {
  const writer = openWriter(folder.file);
  fillLedger(writer, records, Date.UTC(2026, 10, 21));
  writer.close();
  const floor = seconds(["--eval", "0"]);
  printFigure("starting Node (floor)", { value: floor, unit: "s" });
  const version = seconds([commandLine, "--version"]);
  printFigure("cost-ops --version", {
    value: version,
    unit: "s",
    ratio: version / floor,
    wanted: "wanted: below 0.15",
  });
  const query = seconds([
    commandLine,
    "--database",
    `sqlite:${folder.file}`,
    "query",
    "--range",
    "all",
    "--group-by",
    "provider,model",
  ]);
  printFigure(`cost-ops query on ${records.toLocaleString("en")} records`, {
    value: query,
    unit: "s",
    ratio: query / floor,
    wanted: "wanted: below 0.6",
  });
} finally {
  folder.remove();
}
