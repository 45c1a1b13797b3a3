import { statSync } from "node:fs";
import type { Config } from "@llm-cost-ops/server";
import { printable } from "../terminal/printable.ts";

/** One thing that is unsafe. A problem is open to abuse or keeps the server from starting; a warning may be meant so. */
export interface SafetyFinding {
  readonly severity: "problem" | "warning";
  readonly message: string;
}

/** What is unsafe about an installation: its configuration as this command reads it, and its database files. */
export async function findUnsafe(config: Config): Promise<readonly SafetyFinding[]> {
  const { redisProblem, safetyProblems, secretKeyProblem } = await import("@llm-cost-ops/server");
  const problems = await safetyProblems(config);
  const { origins } = config;
  const warnings: string[] = [];
  const weakness = config.secretKey && secretKeyProblem(config.secretKey.reveal());
  if (config.secretKey === undefined) {
    warnings.push(
      "COST_OPS_SECRET_KEY is not set: no other machine may be let in before it is, and what sessions are signed with and second factors of users lie readable in the database.",
    );
  } else if (weakness !== undefined && !problems.some((problem) => problem.includes(weakness))) {
    warnings.push(`${origins.secretKey} ${weakness}.`);
  }
  if (origins.adminKey === "COST_OPS_ADMIN_KEY") {
    warnings.push(
      "COST_OPS_ADMIN_KEY is in the environment, which a running server keeps for its whole life and hands to its children: put it into a file and name that with COST_OPS_ADMIN_KEY_FILE.",
    );
  }
  const wayToRedis = redisProblem(config);
  if (wayToRedis !== undefined) warnings.push(wayToRedis);
  if (config.logLevel === "trace" || config.logLevel === "debug") {
    warnings.push(`${origins.logLevel} is ${config.logLevel}: logs will tell more than a server in use should.`);
  }
  return [
    ...[...problems, ...(config.database.store === "sqlite" ? openFiles(config.database.path) : [])].map(
      (message): SafetyFinding => ({ severity: "problem", message }),
    ),
    ...warnings.map((message): SafetyFinding => ({ severity: "warning", message })),
  ];
}

/** The files of the database that users other than its owner may read or write. */
function openFiles(databasePath: string): string[] {
  // Permissions of files say nothing on Windows.
  if (process.platform === "win32") return [];
  return [databasePath, `${databasePath}-wal`, `${databasePath}-shm`].flatMap((path) => {
    const mode = (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
    if ((mode & 0o077) === 0) return [];
    const what = (mode & 0o022) === 0 ? "read" : "changed";
    return [`${printable(path)} can be ${what} by others than its owner: chmod 600 it.`];
  });
}
