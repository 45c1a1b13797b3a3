/** Everything that must hold before a commit lands, in the order in which it fails fastest. Closes with one line of counts. */
import { spawnSync } from "node:child_process";
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

function step(name: string, command: string, args: readonly string[]): boolean {
  process.stdout.write(`\n── ${name}\n`);
  const started = Date.now();
  const result = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  process.stdout.write(
    `── ${name}: ${result.status === 0 ? "ok" : "FAILED"} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
  );
  return result.status === 0;
}

function check(name: string, command: string, args: readonly string[]): void {
  if (step(name, command, args)) passed += 1;
  else failed += 1;
}

check("types", "tsc", ["--noEmit", "-p", "tsconfig.json"]);
check("types of the dashboard", "tsc", ["--noEmit", "-p", "packages/dashboard/tsconfig.json"]);
check("lint and format", "biome", ["check", "--error-on-warnings", "."]);
const testsOk = step("tests", "vitest", [
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${reportPath}`,
]);
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
