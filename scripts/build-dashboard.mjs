// Builds the dashboard into the server's folder where its sources are newer than what was built: `node build-dashboard.mjs`.
// Plain JavaScript for any Node, for npm starts it with the machine's own; the build itself runs on the Node of node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "packages/dashboard");
const built = join(root, "packages/server/src/dashboard/built/index.html");
const sources = ["packages/dashboard", "packages/sdk/src", "packages/contract/src"].map((path) => join(root, path));

/** When anything in it changed last; a folder changes where a file of it goes. */
function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  const within = readdirSync(path).filter((name) => name !== "node_modules");
  return Math.max(mtimeMs, ...within.map((name) => newest(join(path, name))));
}

/** Throws where the build fails, whose own message is on standard error by then. */
export function buildDashboard() {
  if (existsSync(built) && statSync(built).mtimeMs >= Math.max(...sources.map(newest))) return;
  process.stderr.write("Building the dashboard (packages/dashboard, a few seconds) …\n");
  const node = join(root, "node_modules/.bin/node");
  const vite = join(root, "node_modules/vite/bin/vite.js");
  const result = spawnSync(
    existsSync(node) ? node : process.execPath,
    [vite, "build", "--configLoader", "native", "--logLevel", "warn"],
    // A test that builds it has another NODE_ENV, with which React would be the one for development.
    { cwd: folder, stdio: ["ignore", 2, 2], env: { ...process.env, NODE_ENV: "production" } },
  );
  if (result.status !== 0) throw new Error("The dashboard could not be built; the message is above.");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) buildDashboard();
