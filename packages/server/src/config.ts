import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parse as parseToml, TomlError } from "smol-toml";
import { type MailConfig, readMailSettings } from "./channels/mail-settings.ts";
import type { DatabaseAddress } from "./database-address.ts";
import { type QuantityConfig, readQuantitySettings } from "./limits/quantity-settings.ts";
import { type Setting, SettingError, type SettingName, settings, unusedSettings } from "./settings.ts";

type SettingValue<Name extends SettingName> = ReturnType<(typeof settings)[Name]["parse"]>;

/** The configuration: read once, checked, frozen. Paths are absolute. */
export interface Config extends QuantityConfig, MailConfig {
  readonly database: SettingValue<"database">;
  readonly databasePoolSize: SettingValue<"databasePoolSize">;
  readonly host: SettingValue<"host">;
  readonly port: SettingValue<"port">;
  readonly shutdownTimeoutSeconds: SettingValue<"shutdownTimeoutSeconds">;
  readonly tlsCertPath: SettingValue<"tlsCertPath"> | undefined;
  readonly tlsKeyPath: SettingValue<"tlsKeyPath"> | undefined;
  readonly trustProxy: SettingValue<"trustProxy">;
  readonly apiKeyPrefix: SettingValue<"apiKeyPrefix">;
  readonly adminKey: SettingValue<"adminKey"> | undefined;
  readonly secretKey: SettingValue<"secretKey"> | undefined;
  readonly logLevel: SettingValue<"logLevel">;
  readonly metricsEnabled: SettingValue<"metricsEnabled">;
  readonly redisUrl: SettingValue<"redisUrl"> | undefined;
  readonly rateLimitRequests: SettingValue<"rateLimitRequests"> | undefined;
  readonly rateLimitWrites: SettingValue<"rateLimitWrites"> | undefined;
  readonly rateLimitUserRequests: SettingValue<"rateLimitUserRequests"> | undefined;
  readonly rateLimitOrganizationRequests: SettingValue<"rateLimitOrganizationRequests"> | undefined;
  readonly rateLimitBurst: SettingValue<"rateLimitBurst"> | undefined;
  readonly rateLimitFailedAuth: SettingValue<"rateLimitFailedAuth">;
  readonly retentionMonths: SettingValue<"retentionMonths"> | undefined;
  readonly webhookAllowedAddresses: SettingValue<"webhookAllowedAddresses"> | undefined;
  /** Where each setting was found: a flag, a variable, a file, or "default". */
  readonly origins: Readonly<Record<SettingName, string>>;
  /** Sentences about settings that were given and do nothing in this release. */
  readonly notices: readonly string[];
}

/** What stops a start: every wrong setting, one a line. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The world that a configuration is read from; each part defaults to the process's own. */
export interface ConfigSources {
  /** Values of command-line flags by flag name, such as `{ port: "8081" }`; `config` names the file. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly workingFolder?: string;
  readonly homeFolder?: string;
}

export { settings, unusedSettings };

/** The files that are read, nearest first, whether or not they exist: the project's and the user's. */
export function configPaths(sources: ConfigSources = {}): readonly [project: string, user: string] {
  const named = sources.flags?.["config"] ?? (sources.environment ?? process.env)["COST_OPS_CONFIG"];
  const workingFolder = sources.workingFolder ?? process.cwd();
  return [
    named ? resolve(workingFolder, named) : join(workingFolder, "cost-ops.toml"),
    join(sources.homeFolder ?? homedir(), ".config", "cost-ops", "config.toml"),
  ];
}

interface Candidate {
  readonly text: string;
  readonly origin: string;
}

/**
 * Reads the configuration: flag, then environment, then project file, then user file, then default.
 * An empty variable counts as absent. Throws one `ConfigError` that lists everything that is wrong.
 *
 * @example loadConfig({ flags: { port: "0" } }).port // 0
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const flags = sources.flags ?? {};
  const environment = sources.environment ?? process.env;
  const workingFolder = sources.workingFolder ?? process.cwd();
  const problems: string[] = [];
  const [project, user] = configPaths(sources);
  const isNamed = Boolean(flags["config"] ?? environment["COST_OPS_CONFIG"]);
  const files = [readConfigFile(project, isNamed, problems), readConfigFile(user, false, problems)].filter(
    (file) => file !== undefined,
  );
  const origins: Partial<Record<SettingName, string>> = {};

  const read = <Name extends SettingName>(name: Name): SettingValue<Name> => {
    const setting = settings[name] as Setting<unknown>;
    const found = firstCandidate(setting, flags, environment, files, problems);
    origins[name] = found?.origin ?? "default";
    if (found === undefined) return undefined as SettingValue<Name>;
    try {
      return setting.parse(found.text) as SettingValue<Name>;
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      const text = setting.shown?.(found.text) ?? (setting.secret ? undefined : found.text);
      const shown = text === undefined ? "" : ` (${JSON.stringify(text)})`;
      const name = found.origin === "default" ? setting.env : found.origin;
      problems.push(`${name}${shown} ${error.message}.`);
      return undefined as SettingValue<Name>;
    }
  };

  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(workingFolder, path);
  const config = {
    database: read("database")?.from(workingFolder) as DatabaseAddress,
    databasePoolSize: read("databasePoolSize"),
    host: read("host"),
    port: read("port"),
    shutdownTimeoutSeconds: read("shutdownTimeoutSeconds"),
    tlsCertPath: absolute(read("tlsCertPath")),
    tlsKeyPath: absolute(read("tlsKeyPath")),
    trustProxy: read("trustProxy"),
    apiKeyPrefix: read("apiKeyPrefix"),
    adminKey: read("adminKey"),
    secretKey: read("secretKey"),
    logLevel: read("logLevel"),
    metricsEnabled: read("metricsEnabled"),
    redisUrl: read("redisUrl"),
    rateLimitRequests: read("rateLimitRequests"),
    rateLimitWrites: read("rateLimitWrites"),
    rateLimitUserRequests: read("rateLimitUserRequests"),
    rateLimitOrganizationRequests: read("rateLimitOrganizationRequests"),
    rateLimitBurst: read("rateLimitBurst"),
    rateLimitFailedAuth: read("rateLimitFailedAuth"),
    ...readQuantitySettings(read),
    retentionMonths: read("retentionMonths"),
    webhookAllowedAddresses: read("webhookAllowedAddresses"),
    ...readMailSettings(read, problems),
  };
  const notices = unusedNotices(environment, files, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    ...config,
    origins: Object.freeze(origins as Record<SettingName, string>),
    notices: Object.freeze(notices),
  });
}

/** A configuration file, flattened to `section.key` → text with its variables still in it. */
interface ConfigFile {
  readonly path: string;
  readonly values: ReadonlyMap<string, string>;
}

function readConfigFile(path: string, required: boolean, problems: string[]): ConfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (required || !absent) problems.push(`${path} cannot be read: ${(error as Error).message}.`);
    return undefined;
  }
  try {
    const values = new Map<string, string>();
    flatten(parseToml(text), "", path, values, problems);
    return { path, values };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    problems.push(`${path}, line ${error.line}: ${error.message.split("\n")[0]}.`);
    return undefined;
  }
}

const knownPaths = new Set([...Object.values(settings), ...unusedSettings].map((setting) => setting.toml));

function flatten(table: object, prefix: string, path: string, into: Map<string, string>, problems: string[]): void {
  for (const [key, value] of Object.entries(table)) {
    const name = `${prefix}${key}`;
    const isTable = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
    if (isTable && [...knownPaths].some((known) => known.startsWith(`${name}.`))) {
      flatten(value, `${name}.`, path, into, problems);
    } else if (!knownPaths.has(name)) {
      problems.push(`${path}: ${name} is not a known setting.`);
    } else if (["string", "number", "bigint", "boolean"].includes(typeof value)) {
      into.set(name, String(value));
    } else {
      problems.push(`${path}: ${name} must be a single value.`);
    }
  }
}

function firstCandidate(
  setting: Setting<unknown>,
  flags: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
  files: readonly ConfigFile[],
  problems: string[],
): Candidate | undefined {
  const flag = setting.flag === undefined ? undefined : flags[setting.flag];
  if (flag !== undefined) return { text: flag, origin: `--${setting.flag}` };
  const variable = environment[setting.env];
  const fileVariable = setting.secret ? environment[`${setting.env}_FILE`] : undefined;
  if (variable && fileVariable) problems.push(`${setting.env} and ${setting.env}_FILE are both set; keep one.`);
  if (variable) return { text: variable, origin: setting.env };
  if (fileVariable) return secretFromFile(`${setting.env}_FILE`, fileVariable, problems);
  for (const file of files) {
    const raw = file.values.get(setting.toml);
    if (raw === undefined) continue;
    const origin = `${file.path}: ${setting.toml}`;
    const text = substitute(raw, environment, origin, problems);
    return text === undefined ? undefined : { text, origin };
  }
  return setting.fallback === undefined ? undefined : { text: setting.fallback, origin: "default" };
}

function secretFromFile(name: string, path: string, problems: string[]): Candidate | undefined {
  try {
    return { text: readFileSync(path, "utf8").trim(), origin: name };
  } catch (error) {
    problems.push(`${name}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"}).`);
    return undefined;
  }
}

/** Puts variables into `${NAME}` and `${NAME:default}`; a variable that is unset and has no default is a problem. */
function substitute(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  origin: string,
  problems: string[],
): string | undefined {
  let complete = true;
  const result = text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g, (_, name: string, fallback?: string) => {
    const value = environment[name] || fallback;
    if (value !== undefined) return value;
    problems.push(`${origin} needs the variable ${name}, which is not set.`);
    complete = false;
    return "";
  });
  return complete ? result : undefined;
}

function unusedNotices(
  environment: Readonly<Record<string, string | undefined>>,
  files: readonly ConfigFile[],
  problems: string[],
): string[] {
  const notices: string[] = [];
  for (const setting of unusedSettings) {
    const file = files.find((each) => each.values.has(setting.toml));
    const place = environment[setting.env] ? setting.env : file && `${file.path}: ${setting.toml}`;
    if (!place) continue;
    if (setting.refused) problems.push(`${place} cannot be honoured. ${setting.meaning}`);
    else notices.push(`${place} has no effect. ${setting.meaning}`);
  }
  return notices;
}
