// Installs what the project needs, once for each state of the lock file. Plain JavaScript for any Node: npm starts it
// with the machine's own Node, and what it installs brings the Node that everything else runs on.
// Then it builds the dashboard, where its sources are newer than what was built. With --with-tests also redis-server, which the tests start and which no npm package carries.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildDashboard } from "./build-dashboard.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stampPath = `${root}node_modules/.setup-stamp`;
const manifests = ["package.json", "package-lock.json", "core", "contract", "server", "sdk", "cli", "dashboard"].map(
  (name) => (name.endsWith(".json") ? `${root}${name}` : `${root}packages/${name}/package.json`),
);

const digest = () => {
  const hash = createHash("sha256");
  for (const path of manifests) hash.update(readFileSync(path));
  return hash.digest("hex");
};

const installed =
  existsSync(stampPath) && existsSync(`${root}node_modules/.bin/node`) && readFileSync(stampPath, "utf8") === digest();
if (!installed) {
  process.stderr.write(
    "Installing the packages of package-lock.json into node_modules (with them the Node that runs this project) …\n",
  );
  // npm install and not npm ci: the lock file may lack packages that only other platforms need.
  const result = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write("The installation failed; npm's own message is above.\n");
    process.exit(result.status ?? 1);
  }
  writeFileSync(stampPath, digest());
}

try {
  buildDashboard();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const hasRedis = () => spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;

if (process.argv.includes("--with-tests") && !hasRedis()) {
  process.stderr.write(
    "The tests start a Redis of their own. Installing redis-server with: apt-get install --no-install-recommends redis-server …\n",
  );
  // The lists of packages are fetched only where the installation fails with those of the machine.
  const [program, ...prefix] = [
    ...(process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"]),
    ...["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
  ];
  const apt = (...args) => spawnSync(program, [...prefix, ...args], { stdio: ["ignore", 2, 2] }).status === 0;
  const install = () => apt("install", "--yes", "--no-install-recommends", "redis-server");
  if (!(install() || (apt("update") && install())) || !hasRedis()) {
    process.stderr.write(
      "redis-server (6 or newer) could not be installed. Install it by hand, then run npm test again.\n",
    );
    process.exit(1);
  }
}
