import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { printFigure } from "./figures.ts";
import { usageEvents } from "./usage-events.ts";

const records = Number(process.argv[2] ?? 200_000);
const commandLine = fileURLToPath(new URL("../../packages/cli/bin/cost-ops.mjs", import.meta.url));

/** Writes the records as JSONL. */
async function writeFile(path: string): Promise<void> {
  const out = createWriteStream(path);
  const source = usageEvents(Date.UTC(2026, 0, 1));
  for (let made = 0; made < records; made += 1_000) {
    const list = JSON.parse(Buffer.from(source.batch(1_000)).toString()) as unknown[];
    if (!out.write(`${list.map((record) => JSON.stringify(record)).join("\n")}\n`)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

/** The floor: reading the file's lines and parsing each, which every import has to do at least once. */
async function parseLines(path: string): Promise<number> {
  const startedAt = performance.now();
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    JSON.parse(line);
    lines += 1;
  }
  return (lines / (performance.now() - startedAt)) * 1_000;
}

/** Runs `cost-ops import` in a process of its own; its rate, start included, and its largest resident memory. */
async function importFile(path: string, database: string): Promise<{ rate: number; peakMb: number }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [commandLine, "--database", `sqlite:${database}`, "import", path, "--quiet"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peakMb = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1_024);
    } catch {
      // The process has just ended.
    }
  }, 50);
  const [code] = (await once(child, "exit")) as [number];
  clearInterval(watch);
  if (code !== 0) throw new Error(`the import ended with ${code}`);
  return { rate: (records / (performance.now() - startedAt)) * 1_000, peakMb };
}

const folder = temporaryFolder();
try {
  const path = `${folder.file}.jsonl`;
  await writeFile(path);
  const floor = await parseLines(path);
  const { rate, peakMb } = await importFile(path, folder.file);
  printFigure("reading and parsing the lines (floor)", { value: floor, unit: "records/s" });
  printFigure("cost-ops import, file to disk, start included", {
    value: rate,
    unit: "records/s",
    ratio: rate / floor,
    wanted: "wanted: 60,000",
  });
  printFigure(`its largest memory (file of ${Math.round(statSync(path).size / 1e6)} MB)`, {
    value: peakMb,
    unit: "MB",
    wanted: "wanted: below 300",
  });
} finally {
  folder.remove();
}
