/** Everything that must hold before a commit lands: what takes seconds first. Closes with one line of counts. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numTotalTestSuites: number;
  readonly numFailedTestSuites: number;
}

const scratch = mkdtempSync(join(tmpdir(), "cost-ops-test-"));
const reportPath = join(scratch, "vitest.json");
let passed = 0;
let failed = 0;

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs a step and answers whether it succeeded. What it says comes at once, or where `kept` is asked, in one piece. */
function run({ name, command, args }: Step, kept = false): Promise<boolean> {
  const started = Date.now();
  const child = spawn(command, args, { stdio: ["ignore", kept ? "pipe" : "inherit", kept ? "pipe" : "inherit"] });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => said.push(chunk));
  if (!kept) process.stdout.write(`\n── ${name}\n`);
  // A program that cannot be started closes too.
  child.once("error", (error) => said.push(Buffer.from(`${error.message}\n`)));
  return new Promise((resolve) => {
    child.once("close", (code) => {
      if (kept) process.stdout.write(`\n── ${name}\n${Buffer.concat(said).toString()}`);
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      process.stdout.write(`── ${name}: ${code === 0 ? "ok" : "FAILED"} (${seconds} s)\n`);
      resolve(code === 0);
    });
  });
}

// At the same time, for each of the compilers works on one core alone.
const checks = await Promise.all(
  [
    { name: "types", command: "tsc", args: ["--noEmit", "-p", "tsconfig.json"] },
    {
      name: "types of the dashboard",
      command: "tsc",
      args: ["--noEmit", "-p", "packages/dashboard/tsconfig.json"],
    },
    { name: "lint and format", command: "biome", args: ["check", "--error-on-warnings", "."] },
  ].map((step) => run(step, true)),
);
for (const ok of checks) {
  if (ok) passed += 1;
  else failed += 1;
}
const testsOk = await run({
  name: "tests",
  command: "vitest",
  args: ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`],
});
try {
  const report = JSON.parse(readFileSync(reportPath, "utf8")) as VitestReport;
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  const leftOut = report.numPendingTests + report.numTodoTests;
  if (leftOut > 0) {
    process.stdout.write(`${leftOut} tests were left out; none may be.\n`);
    failed += leftOut;
  }
  // A file that cannot be loaded, or an error outside any test, fails the run without a failed test.
  if (!testsOk && report.numFailedTests === 0) failed += Math.max(1, report.numFailedTestSuites);
} catch (error) {
  process.stdout.write(`the test runner left no report: ${String(error)}\n`);
  failed += 1;
}
rmSync(scratch, { recursive: true, force: true });

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
