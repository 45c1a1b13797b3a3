import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, type ConfigSources, loadConfig } from "./config.ts";
import { settings, unusedSettings } from "./settings.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-config-"));
const workingFolder = join(folder, "project");
const homeFolder = join(folder, "home");
const adminKey = `sk_live_${"A".repeat(43)}`;

beforeAll(() => {
  mkdirSync(workingFolder);
  mkdirSync(join(homeFolder, ".config", "cost-ops"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (sources: ConfigSources = {}) => loadConfig({ environment: {}, workingFolder, homeFolder, ...sources });
const projectFile = (text: string): void => writeFileSync(join(workingFolder, "cost-ops.toml"), text);

function problemsOf(sources: ConfigSources): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  return [];
}

describe("where a value comes from", () => {
  test("nothing said: the defaults, on loopback, in the working folder", () => {
    const config = load();
    expect(config).toMatchObject({ host: "127.0.0.1", port: 8080, logLevel: "info", metricsEnabled: true });
    expect(String(config.database)).toBe(join(workingFolder, "cost-ops.db"));
    expect(config.origins.port).toBe("default");
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("flag goes before environment, project file, user file and default", () => {
    const userFile = join(homeFolder, ".config", "cost-ops", "config.toml");
    writeFileSync(userFile, "[server]\nport = 1\n[observability]\nlog_level = 'warn'\n");
    projectFile('[server]\nport = 2\nhost = "${SERVER_NAME:localhost}"\n');
    try {
      expect(load().port).toBe(2);
      expect(load().logLevel).toBe("warn");
      expect(load().host).toBe("localhost");
      expect(load({ environment: { SERVER_NAME: "example.org" } }).host).toBe("example.org");
      expect(load({ environment: { SERVER_PORT: "3" } }).port).toBe(3);
      expect(load({ environment: { SERVER_PORT: "" } }).port).toBe(2);
      expect(load({ environment: { SERVER_PORT: "3" }, flags: { port: "4" } }).port).toBe(4);
      expect(load({ environment: { SERVER_PORT: "3" }, flags: { port: "4" } }).origins.port).toBe("--port");
    } finally {
      rmSync(userFile);
      rmSync(join(workingFolder, "cost-ops.toml"));
    }
  });

  test("a named file takes the place of the project file, and must exist", () => {
    writeFileSync(join(folder, "other.toml"), "server = { port = 9 }");
    expect(load({ flags: { config: "../other.toml" } }).port).toBe(9);
    expect(load({ environment: { COST_OPS_CONFIG: join(folder, "other.toml") } }).port).toBe(9);
    expect(problemsOf({ flags: { config: "missing.toml" } })[0]).toMatch(/missing\.toml cannot be read/);
  });

  test("a secret may come from a file, prints as *** and is never quoted in a message", () => {
    writeFileSync(join(folder, "key"), `${adminKey}\n`);
    const config = load({ environment: { COST_OPS_ADMIN_KEY_FILE: join(folder, "key") } });
    expect(config.adminKey?.reveal()).toBe(adminKey);
    expect(`${config.adminKey} ${JSON.stringify(config)} ${inspect(config)}`).not.toContain("AAAA");
    const [problem] = problemsOf({ environment: { COST_OPS_ADMIN_KEY: "hunter2" } });
    expect(problem).toMatch(/^COST_OPS_ADMIN_KEY must be/);
    expect(problem).not.toContain("hunter2");
    const both = { COST_OPS_ADMIN_KEY: adminKey, COST_OPS_ADMIN_KEY_FILE: join(folder, "key") };
    expect(problemsOf({ environment: both })[0]).toMatch(/both set/);
    expect(problemsOf({ environment: { COST_OPS_ADMIN_KEY_FILE: join(folder, "none") } })[0]).toMatch(/ENOENT/);
  });
});

describe("what stops a start", () => {
  test.each(["http://:hidden@h", "redis:///0", "redis://:hidden@h/first", "hidden"])("%s is no Redis", (text) => {
    const [problem] = problemsOf({ environment: { REDIS_URL: text } });
    expect(problem).toMatch(/^REDIS_URL must be like redis:/);
    expect(problem).not.toContain("hidden");
  });

  test("everything that is wrong is said at once", () => {
    projectFile('[server]\nprot = 1\nport = "x"\nhost = "${NOWHERE}"\n[auth]\napi_key_prefix = []\n');
    const problems = problemsOf({ environment: { LOG_LEVEL: "loud", METRICS_ENABLED: "maybe" } }).join("\n");
    rmSync(join(workingFolder, "cost-ops.toml"));
    for (const part of [
      "server.prot is not a known setting",
      'server.port ("x") must be a whole number from 0 to 65535',
      "needs the variable NOWHERE",
      "auth.api_key_prefix must be a single value",
      'LOG_LEVEL ("loud") must be one of: trace',
      'METRICS_ENABLED ("maybe") must be true or false',
    ]) {
      expect(problems).toContain(part);
    }
  });

  test("a file that is not TOML is named with the line", () => {
    projectFile("[server]\nport = \n");
    expect(problemsOf({})[0]).toMatch(/cost-ops\.toml, line 2/);
    rmSync(join(workingFolder, "cost-ops.toml"));
  });

  test.each([
    ["postgresql://user:pass@db", /DATABASE_URL \("postgresql:..user:\*\*\*@db"\) must be like/],
    ["sqlite::memory:", /must name a file/],
    ["mysql://x", /must be sqlite:/],
    ["sqlite:", /must be sqlite:/],
  ])("the database %s is refused", (url, reason) => {
    expect(problemsOf({ environment: { DATABASE_URL: url } }).join()).toMatch(reason);
  });

  test.each([
    ["sqlite:data/a.db", "data/a.db"],
    ["sqlite:///var/a.db", "/var/a.db"],
    ["sqlite:/var/a.db", "/var/a.db"],
  ])("the database %s is the file %s", (url, path) => {
    const { database } = load({ environment: { DATABASE_URL: url } });
    expect(String(database)).toBe(path.startsWith("/") ? path : join(workingFolder, path));
  });

  test("settings of other releases that do nothing here are reported", () => {
    const { notices } = load({ environment: { JWT_SECRET: "x" } });
    expect(notices.join(" ")).toMatch(/JWT_SECRET has no effect/);
  });
});

describe("the reference page", () => {
  const page = readFileSync(new URL("../../../docs/reference/configuration.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));

  test("has one row for each setting, with its names, its default and its meaning, and no other rows", () => {
    const expected = Object.values(settings).map((setting) => {
      const flag = setting.flag === undefined ? "" : `\`--${setting.flag}\``;
      const fallback = setting.fallback === undefined ? "" : `\`${setting.fallback}\``;
      const secret = setting.secret ? ` Secret; also as \`${setting.env}_FILE\`.` : "";
      return `| \`${setting.env}\` | \`${setting.toml}\` | ${flag} | ${fallback} | ${setting.meaning}${secret} |`;
    });
    const unused = unusedSettings.map(
      ({ env, toml, refused, meaning }) =>
        `| \`${env}\` | \`${toml}\` | ${refused ? "stops the start" : "is reported"} | ${meaning} |`,
    );
    expect(rows).toEqual([...expected, ...unused]);
  });
});
